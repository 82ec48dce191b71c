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
