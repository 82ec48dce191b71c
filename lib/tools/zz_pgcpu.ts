import postgres from "postgres";
const url = Deno.readTextFileSync("/tmp/tools_bench/url").trim();
const cols = ["id", "customer_id", "status", "ordered_at", "total", "note"];
const where = `t."status" = $1::text AND t."total" >= $2::text::pg_catalog.numeric`;
const order = `ORDER BY t."ordered_at" DESC, t."id" DESC LIMIT 51`;
const cellsR = (p: string, cut: boolean) =>
  cols.map((c, i) => {
    const x = p === "r" ? `r.c${i}` : `t."${c}"`;
    return (c === "total"
      ? `${x}::text`
      : (c === "status" || c === "note") && cut
      ? `CASE WHEN octet_length(${x}) > 50000 THEN left(${x}, 50000) || '… [cut, bytes in all: ' || octet_length(${x}) || ']' ELSE ${x} END`
      : x) + ` AS "${c}"`;
  }).join(", ");
const raw = `SELECT ${
  cols.map((c, i) => `t."${c}" AS c${i}`).join(", ")
} FROM public."orders" t WHERE ${where} ${order}`;
const S = String.raw`E'\x1e'`;
const Q: Record<string, [string, string[]]> = {
  floor: [
    `SELECT * FROM orders WHERE status = $1 AND total >= $2 ORDER BY ordered_at DESC LIMIT 50`,
    [],
  ],
  raw51: [raw, []],
  mine: [
    `SELECT string_agg(row_to_json(x.*)::text, ${S}), NULL::text FROM (SELECT ${
      cellsR("r", true)
    } FROM (${raw}) r) x`,
    [],
  ],
  nocut: [
    `SELECT string_agg(row_to_json(x.*)::text, ${S}), NULL::text FROM (SELECT ${
      cellsR("r", false)
    } FROM (${raw}) r) x`,
    [],
  ],
  flat: [
    `SELECT string_agg(row_to_json(x.*)::text, ${S}) FROM (SELECT ${
      cellsR("t", false)
    } FROM public."orders" t WHERE ${where} ${order}) x`,
    [],
  ],
  flatcut: [
    `SELECT string_agg(row_to_json(x.*)::text, ${S}) FROM (SELECT ${
      cellsR("t", true)
    } FROM public."orders" t WHERE ${where} ${order}) x`,
    [],
  ],
  json_agg: [
    `SELECT json_agg(x.*)::text FROM (SELECT ${
      cellsR("t", false)
    } FROM public."orders" t WHERE ${where} ${order}) x`,
    [],
  ],
  nolimit_order: [
    `SELECT string_agg(row_to_json(x.*)::text, ${S}) FROM (SELECT ${
      cellsR("t", false)
    } FROM public."orders" t WHERE ${where} ORDER BY t."ordered_at" DESC LIMIT 51) x`,
    [],
  ],
};
const pidcpu = (pid: number) => {
  const s = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const f = s.slice(s.lastIndexOf(")") + 2).split(" ");
  return (Number(f[11]) + Number(f[12])) * 10_000;
};
for (const round of [1, 2]) {
  for (const [name, [text]] of Object.entries(Q)) {
    const sql = postgres(url, {
      max: 1,
      fetch_types: false,
      connection: { plan_cache_mode: Deno.env.get("PCM") ?? "auto" },
    });
    const [{ pid }] = await sql`select pg_backend_pid() as pid` as unknown as [{ pid: number }];
    const run = () =>
      sql.unsafe(text, ["shipped", String(50 + Math.floor(Math.random() * 350))], {
        prepare: true,
      });
    for (let i = 0; i < 50; i++) await run();
    const c0 = pidcpu(pid);
    const N = 1500;
    for (let i = 0; i < N; i++) await run();
    console.log(name.padEnd(14), ((pidcpu(pid) - c0) / N).toFixed(0), "us pg cpu");
    if (round === 2 && name === "mine") {
      console.log(
        (await sql.unsafe(
          `EXPLAIN (COSTS OFF, VERBOSE) ${text.replace("$1", "'shipped'").replace("$2", "'100'")}`,
        )).map((r) => r["QUERY PLAN"]).join("\n"),
      );
    }
    await sql.end();
  }
}
