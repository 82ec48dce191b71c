import { seeded } from "./random.ts";

/** Rows of the table that the throughput part reads. */
export const ORDERS = 200_000;

const STATUSES = [
  "pending",
  "paid",
  "shipped",
  "delivered",
  "delivered",
  "delivered",
  "cancelled",
  "refunded",
];

const FLUSH_BYTES = 1 << 20;

async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  let text = "";
  const flush = async () => {
    let bytes = encoder.encode(text);
    while (bytes.length) bytes = bytes.subarray(await file.write(bytes));
    text = "";
  };
  for (const line of lines) {
    text += line + "\n";
    if (text.length > FLUSH_BYTES) await flush();
  }
  await flush();
}

const money = (value: number) => value.toFixed(2);

/** ISO 8601 in UTC, to the second. */
const time = (ms: number) => new Date(ms).toISOString().replace(".000", "");

function* orderLines(): Generator<string> {
  const random = seeded(42);
  const start = Date.UTC(2023, 0, 1);
  yield "id,customer_id,status,ordered_at,total,note";
  for (let id = 1; id <= ORDERS; id++) {
    const customer = 1 + Math.floor(random() * 20_000);
    const status = STATUSES[Math.floor(random() * STATUSES.length)];
    const note = random() < 0.3 ? `note ${Math.floor(random() * 2 ** 32).toString(16)}` : "";
    const total = money(5 + random() * 900);
    yield `${id},${customer},${status},${time(start + id * 240_000)},${total},${note}`;
  }
}

/** Writes the table that the throughput part reads, as CSV. */
export function writeOrders(path: string): Promise<void> {
  return writeLines(path, orderLines());
}

const COUNTRIES = ["AT", "BR", "CH", "DE", "FR", "GB", "IN", "JP", "KE", "US"];
const PRODUCTS = [
  "Desk lamp",
  "Notebook, ruled",
  'Monitor 27" arm',
  "Cable set",
  "Office chair",
  "Whiteboard",
  "Keyboard, compact",
  "Water bottle",
];

const quoted = (text: string) => /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

function* saleLines(rows: number): Generator<string> {
  const random = seeded(7);
  const start = Date.UTC(2021, 0, 1);
  yield "Sale ID,Customer E-mail,Country,Product,Quantity,Unit Price,Sold At,Gift,Comment";
  for (let id = 1; id <= rows; id++) {
    const email = `customer${Math.floor(random() * 90_000)}@example.com`;
    const country = COUNTRIES[Math.floor(random() * COUNTRIES.length)]!;
    const product = quoted(PRODUCTS[Math.floor(random() * PRODUCTS.length)]!);
    const quantity = 1 + Math.floor(random() * 12);
    const price = money(1 + random() * 499);
    const sold = time(start + id * 90_000);
    const gift = random() < 0.1;
    const comment = random() < 0.2 ? quoted(`Ring twice, floor ${Math.floor(random() * 30)}`) : "";
    yield `${id},${email},${country},${product},${quantity},${price},${sold},${gift},${comment}`;
  }
}

/** Writes the file of the ingest part: nine columns of usual kinds, some fields quoted, some empty. */
export function writeSales(path: string, rows: number): Promise<void> {
  return writeLines(path, saleLines(rows));
}
