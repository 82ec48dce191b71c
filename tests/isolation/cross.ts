import assert from "node:assert/strict";
import { ask, type Attempt, leaked, withoutNames } from "./answers.ts";
import { type Actor, type Compartment, type Names, nobody, type World } from "./world.ts";

/**
 * Sends the same attempts at somebody's compartment and at names that nobody has. Answers what was
 * wrong: a secret in an answer, an answer that differs, an attempt that went through.
 */
export async function cross(
  world: World,
  actor: Actor,
  target: Compartment,
  attempts: (names: Names) => Attempt[],
): Promise<string[]> {
  const before = await world.kept(target);
  const strangers = nobody();
  const unknown = attempts(strangers);
  const faults: string[] = [];
  for (const [index, attempt] of attempts(target.names).entries()) {
    const answer = await ask(world, actor, attempt);
    const found = leaked(answer, target.secrets);
    if (found.length) faults.push(`${attempt.title}: shows ${found}`);
    const expected = await ask(world, actor, unknown[index]!);
    const [said, toNobody] = [
      withoutNames(answer, target.names),
      withoutNames(expected, strangers),
    ];
    if (said !== toNobody) faults.push(`${attempt.title}: ${said}\n-- and not --\n${toNobody}`);
    if (answer.status >= 500) faults.push(`${attempt.title}: ${answer.text}`);
  }
  assert.deepEqual(await world.kept(target), before, "nothing was changed");
  return faults;
}

/** Fails with all that was wrong. */
export const report = (faults: readonly string[]) => assert.ok(!faults.length, faults.join("\n\n"));
