/**
 * Files that nobody here wrote, as messy as what people upload, each held against values that this test
 * counts by other means: `csv-parse` or `JSON.parse` over the whole file. They lie in the folder that
 * `BULKHEAD_TEST_DATA` names; without it these tests are skipped, and nothing else depends on them.
 */
import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import type { LoadReport, TableReport } from "../../lib/ingest/load/mod.ts";
import { type EndpointDatabase, endpointDatabase } from "../harness/endpoint_database.ts";
import { loadText } from "../harness/load_text.ts";

const folder = Deno.env.get("BULKHEAD_TEST_DATA");

let database: EndpointDatabase | undefined;

function fileTest(name: string, run: (database: EndpointDatabase) => Promise<void>) {
  Deno.test({
    name,
    ignore: !folder,
    fn: async () => await run(database ??= await endpointDatabase()),
    // The database is shared, and closed after the last test.
    sanitizeResources: false,
    sanitizeOps: false,
  });
}

Deno.test.afterAll(async () => await database?.[Symbol.asyncDispose]());

const read = (name: string) => Deno.readFile(`${folder}/${name}`);

const load = async (name: string, { owner }: EndpointDatabase): Promise<LoadReport> =>
  await loadText(owner, name.slice(name.lastIndexOf("/") + 1), await read(name));

const typesOf = (table: TableReport) =>
  table.columns.map(({ name, type }) => `${name} ${type}`).join(", ");

/** A table's values as text, in the order of its key. */
async function textsOf(
  { owner }: EndpointDatabase,
  table: TableReport,
): Promise<(string | null)[][]> {
  const columns = table.columns.map(({ name }) => `t."${name}"::text`).join(", ");
  // Qualified, since a bare name would mean the answer's text.
  const order = table.primaryKey.map((name) => `t."${name}"`).join(", ");
  const rows = await owner.unsafe(`SELECT ${columns} FROM "${table.name}" AS t ORDER BY ${order}`)
    .values() as unknown as (string | null)[][];
  return rows.map((row) => [...row]);
}

/** The records of a delimited file, read by csv-parse; empty is null. */
function records(text: string, delimiter = ","): (string | null)[][] {
  return (parse(text, { delimiter }) as string[][]).slice(1)
    .map((record) => record.map((field) => field === "" ? null : field));
}

fileTest("airports.csv: 3,376 rows, every value as it stands", async (database) => {
  const report = await load("airports.csv", database);
  const table = report.tables[0]!;
  const expected = records(new TextDecoder().decode(await read("airports.csv")));
  assert.equal(table.rows, 3376);
  assert.equal(report.rejects, 0);
  assert.equal(
    typesOf(table),
    "iata text, name text, city text, state text, country text, latitude numeric, longitude numeric",
  );
  assert.deepEqual(table.primaryKey, ["_id"]);
  assert.deepEqual(await textsOf(database, table), expected);
});

fileTest("zipcodes.csv: 42,049 codes keep their zeros and are the key", async (database) => {
  const report = await load("zipcodes.csv", database);
  const table = report.tables[0]!;
  const expected = records(new TextDecoder().decode(await read("zipcodes.csv")));
  assert.equal(table.rows, 42_049);
  assert.deepEqual(table.primaryKey, ["zip_code"]);
  assert.equal(table.columns[0]!.type, "text");
  expected.sort((a, b) => a[0]! < b[0]! ? -1 : 1);
  assert.equal(expected[0]![0], "00501");
  assert.deepEqual(await textsOf(database, table), expected);
});

fileTest("unemployment.tsv: tabs, and rates that begin with a point", async (database) => {
  const report = await load("unemployment.tsv", database);
  const table = report.tables[0]!;
  const expected = records(new TextDecoder().decode(await read("unemployment.tsv")), "\t");
  assert.deepEqual([report.format, report.delimiter], ["tsv", "\t"]);
  assert.equal(typesOf(table), "id integer, rate numeric");
  assert.deepEqual(table.primaryKey, ["id"]);
  assert.equal(table.rows, 3218);
  const plain = expected.map(([id, rate]) => [id, rate!.replace(/^\./, "0.")]);
  plain.sort((a, b) => Number(a[0]) - Number(b[0]));
  assert.deepEqual(await textsOf(database, table), plain);
});

fileTest(
  "star_wars_survey.csv: Windows-1252, empty headers, a second header row",
  async (database) => {
    const report = await load("star_wars_survey.csv", database);
    const table = report.tables[0]!;
    const text = new TextDecoder("windows-1252").decode(await read("star_wars_survey.csv"));
    const expected = records(text);
    assert.equal(report.encoding, "windows-1252");
    assert.equal(report.header, true);
    assert.equal(report.rejects, 0);
    assert.equal(table.rows, 1187);
    assert.equal(table.columns.length, 38);
    assert.equal(table.columns[4]!.name, "column_5");
    const first = text.slice(0, text.indexOf(","));
    assert.equal(table.columns[0]!.original, first);
    const rows = await textsOf(database, table);
    assert.equal(rows[0]![1], "Response");
    assert.deepEqual(rows, expected);
    const comments = await database.owner`
    SELECT col_description('star_wars_survey'::regclass, 2) AS comment`;
    assert.equal(
      comments[0]!["comment"],
      "Have you seen any of the 6 films in the Star Wars franchise?",
    );
  },
);

fileTest(
  "police_deaths.csv: 22,800 rows, quoted commas, dates that are prose",
  async (database) => {
    const report = await load("police_deaths.csv", database);
    const table = report.tables[0]!;
    const expected = records(new TextDecoder().decode(await read("police_deaths.csv")));
    assert.equal(table.rows, 22_800);
    assert.equal(typesOf(table), "person text, dept text, eow text, cause text");
    assert.deepEqual(await textsOf(database, table), expected);
  },
);

type Json = Record<string, string | number | null>;

const readJson = async (name: string) => JSON.parse(new TextDecoder().decode(await read(name)));

fileTest(
  "movies.json: 3,201 films, titles that are numbers, keys with spaces",
  async (database) => {
    const report = await load("movies.json", database);
    const table = report.tables[0]!;
    const films = await readJson("movies.json") as Json[];
    assert.equal(table.rows, 3201);
    assert.equal(films.length, 3201);
    assert.deepEqual(
      table.columns.slice(0, 6).map(({ name, original, type }) => [name, original, type]),
      [
        ["title", "Title", "text"],
        ["us_gross", "US Gross", "integer"],
        ["worldwide_gross", "Worldwide Gross", "bigint"],
        ["us_dvd_sales", "US DVD Sales", "integer"],
        ["production_budget", "Production Budget", "integer"],
        ["release_date", "Release Date", "date"],
      ],
    );
    const expected = films.map((film) =>
      table.columns.map(({ original, type }) => {
        const value = film[original];
        if (value === null || value === undefined) return null;
        return type === "date"
          ? new Date(`${value} UTC`).toISOString().slice(0, 10)
          : String(value);
      })
    );
    assert.deepEqual(await textsOf(database, table), expected);
    assert.ok(films.some((film) => typeof film["Title"] === "number"));
  },
);

fileTest("flights-20k.json: 20,000 flights with their minutes", async (database) => {
  const report = await load("flights-20k.json", database);
  const table = report.tables[0]!;
  const flights = await readJson("flights-20k.json") as Json[];
  assert.equal(
    typesOf(table),
    "date timestamp, delay integer, distance integer, origin text, destination text",
  );
  const expected = flights.map((flight) => [
    `${String(flight["date"]).replaceAll("/", "-")}:00`,
    ...["delay", "distance", "origin", "destination"].map((key) => String(flight[key])),
  ]);
  assert.equal(expected.length, 20_000);
  assert.deepEqual(await textsOf(database, table), expected);
});

fileTest(
  "chinook_data.json: eleven tables, every row, every key that names a table",
  async (database) => {
    const report = await load("chinook/chinook_data.json", database);
    const chinook = await readJson("chinook/chinook_data.json") as Record<string, Json[]>;
    assert.deepEqual(
      report.tables.map(({ name, rows }) => [name.replaceAll("_", ""), rows]),
      Object.entries(chinook).map(([key, rows]) => [key.toLowerCase(), rows.length]),
    );
    assert.deepEqual(
      report.tables.flatMap(({ name, foreignKeys }) =>
        foreignKeys.map((key) => `${name}.${key.column} ${key.references.table}`)
      ).sort(),
      [
        "album.artist_id artist",
        "invoice.customer_id customer",
        "invoice_line.invoice_id invoice",
        "invoice_line.track_id track",
        "playlist_track.playlist_id playlist",
        "playlist_track.track_id track",
        "track.album_id album",
        "track.genre_id genre",
        "track.media_type_id media_type",
      ],
    );
    for (const table of report.tables) {
      const key = table.name === "playlist_track"
        ? ["playlist_id", "track_id"]
        : [`${table.name}_id`];
      assert.deepEqual(table.primaryKey, key);
    }
    const [counted] = await database.owner`
    SELECT count(*)::int AS keys, bool_and(convalidated) AS checked FROM pg_constraint
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace`;
    assert.deepEqual(counted, { keys: 9, checked: true });

    // Cents, so that the sums are exact in JavaScript too.
    const genreOf = new Map(chinook["Track"]!.map((track) => [track["TrackId"], track["GenreId"]]));
    const names = new Map(chinook["Genre"]!.map((genre) => [genre["GenreId"], genre["Name"]]));
    const cents = new Map<string, number>();
    for (const line of chinook["InvoiceLine"]!) {
      const genre = String(names.get(genreOf.get(line["TrackId"]!)!));
      const amount = Math.round(Number(line["UnitPrice"]) * 100) * Number(line["Quantity"]);
      cents.set(genre, (cents.get(genre) ?? 0) + amount);
    }
    const totals = await database.owner`
    SELECT genre.name, (sum(invoice_line.unit_price * quantity) * 100)::int AS cents
    FROM invoice_line JOIN track USING (track_id) JOIN genre USING (genre_id) GROUP BY genre.name`;
    assert.deepEqual(
      new Map(totals.map((row) => [row["name"] as string, row["cents"] as number])),
      cents,
    );
  },
);
