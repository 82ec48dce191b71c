// The one script of a page with islands. Each island names its module and carries its props.
import { type ComponentType, h, hydrate } from "preact";

for (const root of document.querySelectorAll<HTMLElement>("[data-island]")) {
  const { island = "", props = "{}" } = root.dataset;
  const module: { default: ComponentType } = await import(island);
  hydrate(h(module.default, JSON.parse(props)), root);
}
