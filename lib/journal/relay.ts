import { AppError } from "../errors.ts";
import type { EndpointId } from "../ids.ts";
import { enterAsSystem, type SystemTarget, withEndpoint } from "../endpoints/mod.ts";
import type { Services } from "../services.ts";
import { carryOver, ROUND_LIMIT } from "./carry.ts";
import { selectWanted } from "./relay_store.ts";

/** The running relay of a process. */
export interface Relay {
  /** Ends it, after the rounds that are under way. */
  stop(): Promise<void>;
}

// Between two rounds of one endpoint, so that a busy one's entries go over many at once.
const GAP_MS = 200;
const LOOK_EVERY_MS = 400;
// One that has nothing, or fails, is looked at half as often each time, until a write wakes it.
const IDLE_MOST_MS = 3_200;
const FAILING_MOST_MS = 30_000;
// Each holds a control connection, of which there are ten.
const AT_ONCE = 3;

/** What this process remembers of an endpoint that is wanted. */
interface Course {
  /** Moment, by `performance.now()`, before which there is no next round. */
  due: number;
  /** Moment before which not even a write brings one about. */
  free: number;
  waitMs: number;
  limit: number;
  running: boolean;
  /** Whether a write was committed after the last round had begun. */
  woken: boolean;
}

/**
 * Carries what waits in the journals of all endpoints into their tenants' audit logs: within a second
 * where this process wrote it, within a few where it was left behind. Any number of processes may.
 */
export function serveRelay(services: Services): Relay {
  const { control, relays, log } = services;
  const courses = new Map<EndpointId, Course>();
  const rounds = new Set<Promise<void>>();
  let looking: Promise<void> | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let timerAt = Infinity;
  let stopped = false;

  function courseOf(id: EndpointId): Course {
    let course = courses.get(id);
    if (!course) {
      course = {
        due: 0,
        free: 0,
        waitMs: LOOK_EVERY_MS,
        limit: ROUND_LIMIT,
        running: false,
        woken: false,
      };
      courses.set(id, course);
    }
    return course;
  }

  async function round(target: SystemTarget): Promise<number | null> {
    const scope = await enterAsSystem(services, target, "relay");
    return await withEndpoint(services, scope, "owner", (owner) => {
      const { limit } = courseOf(target.endpointId);
      return carryOver(control, scope.endpoint, owner, { limit, wait: false });
    });
  }

  async function run(target: SystemTarget, course: Course): Promise<void> {
    course.woken = false;
    course.running = true;
    try {
      const carried = await round(target);
      const more = carried === course.limit;
      course.limit = Math.min(course.limit * 10, ROUND_LIMIT);
      course.waitMs = carried || course.woken
        ? LOOK_EVERY_MS
        : Math.min(course.waitMs * 2, IDLE_MOST_MS);
      course.free = performance.now() + (more ? 0 : GAP_MS);
      course.due = more || course.woken ? course.free : performance.now() + course.waitMs;
    } catch (error) {
      course.waitMs = Math.min(course.waitMs * 2, FAILING_MOST_MS);
      course.free = course.due = performance.now() + course.waitMs;
      // One that is being removed is carried over by whoever removes it.
      const gone = error instanceof AppError &&
        (error.code === "ACCESS_DENIED" || error.code === "ENDPOINT_NOT_READY");
      if (gone) return;
      // Fewer, in case that one of them cannot be read in the time that there is.
      course.limit = Math.max(1, Math.trunc(course.limit / 10));
      log.warn("relay.failed", { endpoint: target.endpointId, tenant: target.tenantId, error });
    } finally {
      course.running = false;
    }
  }

  async function look(): Promise<void> {
    let wanted: SystemTarget[];
    try {
      wanted = await selectWanted(control.lookup);
    } catch (error) {
      log.warn("relay.look_failed", { error });
      return;
    }
    const ids = new Set(wanted.map(({ endpointId }) => endpointId));
    for (const [id, course] of courses) {
      if (!ids.has(id) && !course.running) courses.delete(id);
    }
    const now = performance.now();
    for (const target of wanted) {
      if (rounds.size >= AT_ONCE) await Promise.race(rounds);
      if (stopped) return;
      const course = courseOf(target.endpointId);
      if (course.running || course.due > now) continue;
      const running = run(target, course).finally(() => {
        rounds.delete(running);
        if (course.due < performance.now() + LOOK_EVERY_MS) schedule(course.due);
      });
      rounds.add(running);
    }
  }

  function schedule(at: number): void {
    if (stopped || at >= timerAt) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(tick, Math.max(0, at - performance.now()));
  }

  function tick(): void {
    timerAt = Infinity;
    if (!looking) {
      looking = look().finally(() => {
        looking = null;
        schedule(performance.now() + LOOK_EVERY_MS);
      });
    } else {
      schedule(performance.now() + GAP_MS);
    }
  }

  const deafen = relays.onWake((id) => {
    const course = courseOf(id);
    course.woken = true;
    // While it runs, its end sees to it.
    if (course.running) return;
    course.due = Math.min(course.due, Math.max(performance.now(), course.free));
    schedule(course.due);
  });
  schedule(performance.now());

  return {
    async stop() {
      stopped = true;
      deafen();
      clearTimeout(timer);
      await looking;
      await Promise.all(rounds);
    },
  };
}
