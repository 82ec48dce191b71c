import { dropEndpoint, makeEndpoint } from "./ingest.ts";
import { median } from "./measure.ts";
import type { Product } from "./product.ts";

const AIM_MS = 100;

/** Measures how long `POST /v1/endpoints` takes: database, three roles, grants, sealed URLs, audit. */
export async function measureProvisioning(product: Product, repetitions: number): Promise<void> {
  // The first one makes the template.
  const slugs = [await makeEndpoint(product, "Warm-up")];
  const took: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const start = performance.now();
    slugs.push(await makeEndpoint(product, `Endpoint ${i}`));
    took.push(performance.now() - start);
  }
  for (const slug of slugs) await dropEndpoint(product, slug);
  took.sort((a, b) => a - b);
  const middle = median(took);
  console.log(
    `provisioning an endpoint: median ${middle.toFixed(0)} ms of ${repetitions} ` +
      `(aim ${AIM_MS} ms: ${middle <= AIM_MS ? "met" : "missed"}), ` +
      `fastest ${took[0]!.toFixed(0)} ms, slowest ${took.at(-1)!.toFixed(0)} ms`,
  );
}
