import postgres from "postgres";
const src = Deno.readTextFileSync("lib/tools/zz_pgcpu.ts");
const url = Deno.readTextFileSync("/tmp/tools_bench/url").trim();
const body = src.slice(src.indexOf("const cols"), src.indexOf("const pidcpu")).replace(
  "const Q: Record<string, [string, string[]]>",
  "const Q",
).replaceAll("(p: string, cut: boolean)", "(p, cut)");
const Q = new Function(body + "; return Q;")() as Record<string, [string]>;
const raw = Q.raw51![0];
const S = String.raw`E'\x1e'`;
Q.jsonarr = [
  `SELECT string_agg(json_build_array(r.c0, r.c1, r.c2, r.c3, r.c4::text, r.c5)::text, ${S}) FROM (${raw}) r`,
];
Q.jbo = [
  `SELECT string_agg(json_build_object('id', r.c0, 'customer_id', r.c1, 'status', r.c2, 'ordered_at', r.c3, 'total', r.c4::text, 'note', r.c5)::text, ${S}) FROM (${raw}) r`,
];
Q.rtjr = [`SELECT string_agg(row_to_json(r.*)::text, ${S}) FROM (${raw}) r`];
Q.alias = [
  `SELECT string_agg(row_to_json(r.*)::text, ${S}) FROM (${raw}) r ("id", "customer_id", "status", "ordered_at", "total", "note")`,
];
Q.countcap = [
  `SELECT string_agg(CASE WHEN octet_length(j) > 8000 THEN '' ELSE j END, ${S}) FROM (SELECT row_to_json(r.*)::text AS j FROM (${raw}) r OFFSET 0) x`,
];
const sql = postgres(url, { max: 1, fetch_types: false });
for (const [name, [text]] of Object.entries(Q)) {
  const t = text.replace("$1", "'shipped'").replace("$2", "'100'");
  let plan = Infinity, exec = Infinity;
  for (let i = 0; i < 300; i++) {
    const r = await sql.unsafe(`EXPLAIN (ANALYZE, TIMING OFF, SUMMARY) ${t}`);
    const lines = r.map((x) => x["QUERY PLAN"] as string);
    plan = Math.min(plan, Number(/Planning Time: ([\d.]+)/.exec(lines.join("\n"))![1]));
    exec = Math.min(exec, Number(/Execution Time: ([\d.]+)/.exec(lines.join("\n"))![1]));
  }
  console.log(name.padEnd(14), "plan", (plan * 1000).toFixed(0), "exec", (exec * 1000).toFixed(0));
}
await sql.end();
