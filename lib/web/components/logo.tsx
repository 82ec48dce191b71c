/** The mark: a hull, divided by two bulkheads. Decorative: the name stands beside it. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M12.2 8h7.6v16h-7.6z" fill="currentColor" opacity="0.28" />
      <path
        d="M2.5 8h27l-2.7 12.4A4.6 4.6 0 0 1 22.3 24H9.7a4.6 4.6 0 0 1-4.5-3.6zM12.2 8v16M19.8 8v16"
        fill="none"
        stroke="currentColor"
        stroke-width="2.25"
        stroke-linejoin="round"
      />
    </svg>
  );
}

const CELLS = [
  { name: "orders", x: 46 },
  { name: "tickets", x: 158 },
  { name: "sensors", x: 268 },
  { name: "catalog", x: 374 },
];

/** The idea as a drawing: a hull in section, one compartment lit, the others dark. */
export function HullDrawing() {
  return (
    <svg
      class="drawing"
      viewBox="0 0 480 250"
      role="img"
      aria-label="A ship's hull in section: four compartments, each with a data set of its own; an agent reaches one of them."
    >
      <path class="agent" d="M188 12v52" />
      <circle class="lamp" cx="188" cy="12" r="7" />
      <path class="lit" d="M133 70h111v136H133z" />
      <path class="hull-line" d="M12 70h456l-30 104a44 44 0 0 1-42 32H84a44 44 0 0 1-42-32z" />
      <path class="wall" d="M133 70v136M244 70v136M355 70v136" />
      <path class="deck" d="M133 70h111" />
      {CELLS.map(({ name, x }, index) => (
        <g key={name} class={index === 1 ? "cell on" : "cell"}>
          <rect x={x} y="112" width="61" height="7" rx="3.5" />
          <rect x={x} y="128" width="44" height="7" rx="3.5" />
          <rect x={x} y="144" width="52" height="7" rx="3.5" />
          <text x={x} y="100">{name}</text>
        </g>
      ))}
      <path
        class="water"
        d="M2 226c20-9 40-9 60 0s40 9 60 0 40-9 60 0 40 9 60 0 40-9 60 0 40 9 60 0 40-9 60 0 40 9 58 0"
      />
    </svg>
  );
}
