import type { ComponentChildren, InputHTMLAttributes } from "preact";
import { useRendering } from "../rendering.ts";
import { visibleText } from "../../text/mod.ts";
import { Visible } from "./visible_text.tsx";

/** Name of the hidden field that carries the CSRF token; the first of every form. */
export const CSRF_FIELD = "csrf_token";

/** Name of the hidden field that names a form which waited until it was proved who sent it. */
export const HELD_FIELD = "held_form";

interface FormProps {
  /** Absent: the page's own address, so that no page repeats a secret that its address holds. */
  action?: string | undefined;
  /** Sends files; else the form is URL-encoded. */
  multipart?: boolean;
  /** Laid out as one line, for a form that is a single button. */
  inline?: boolean;
  id?: string;
  children: ComponentChildren;
}

/** A form that writes: POST, with the CSRF token in it. */
export function Form({ action, multipart, inline, id, children }: FormProps) {
  return (
    <form
      method="post"
      action={action}
      id={id}
      class={inline ? undefined : "form"}
      enctype={multipart ? "multipart/form-data" : undefined}
    >
      <input type="hidden" name={CSRF_FIELD} value={useRendering().csrfToken} />
      {children}
    </form>
  );
}

interface ButtonProps {
  tone?: "primary" | "danger" | "danger solid" | "quiet";
  name?: string;
  value?: string;
  /** For several buttons of one text: what this one does, said whole. */
  label?: string | undefined;
  children: ComponentChildren;
}

/** A button that sends its form. */
export function Button({ tone, name, value, label, children }: ButtonProps) {
  return (
    <button
      type="submit"
      class={tone ? `button ${tone}` : "button"}
      name={name}
      value={value}
      aria-label={label}
    >
      {children}
    </button>
  );
}

/** A link that looks like a button: for going somewhere, never for a write. */
export function ButtonLink(
  { href, tone, children }: {
    href: string;
    tone?: "primary" | "quiet";
    children: ComponentChildren;
  },
) {
  return <a class={tone ? `button ${tone}` : "button"} href={href}>{children}</a>;
}

interface FieldProps {
  type?: "text" | "email" | "password" | "date" | "number" | "search";
  value?: string | undefined;
  autocomplete?: string;
  required?: boolean;
  maxLength?: number;
  inputMode?: "numeric";
  min?: string;
  max?: string;
  step?: string;
  spellcheck?: boolean;
  name: string;
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
}

const described = (id: string, hint: unknown, error: unknown) =>
  [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;

/** One input with its label, its hint and what is wrong with it. */
export function Field({ name, label, hint, error, type = "text", ...input }: FieldProps) {
  const id = `field-${name}`;
  const attributes = {
    ...input,
    type,
    name,
    id,
    class: "input",
    "aria-describedby": described(id, hint, error),
    "aria-invalid": error ? "true" : undefined,
    // The types tie each `type` to its own attributes; here the type is a variable.
  } as InputHTMLAttributes<HTMLInputElement>;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint && <span class="hint" id={`${id}-hint`}>{hint}</span>}
      <input {...attributes} />
      {error && <span class="error" id={`${id}-error`}>{error}</span>}
    </div>
  );
}

interface TextAreaProps {
  name: string;
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  value?: string | undefined;
  rows?: number;
}

/** Several lines for a machine to read: set in its own type, and not spell-checked. */
export function TextArea({ name, label, hint, error, value = "", rows = 3 }: TextAreaProps) {
  const id = `field-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint && <span class="hint" id={`${id}-hint`}>{hint}</span>}
      <textarea
        class="input code"
        id={id}
        name={name}
        rows={rows}
        spellcheck={false}
        autocapitalize="off"
        aria-describedby={described(id, hint, error)}
        aria-invalid={error ? "true" : undefined}
        value={value}
      />
      {error && <span class="error" id={`${id}-error`}>{error}</span>}
    </div>
  );
}

interface SelectProps {
  name: string;
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  value?: string | undefined;
  required?: boolean;
  options: readonly { value: string; label: string }[];
}

/** A choice of one from a list. */
export function Select({ name, label, hint, error, value, required, options }: SelectProps) {
  const id = `field-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint && <span class="hint" id={`${id}-hint`}>{hint}</span>}
      <select
        class="input"
        id={id}
        name={name}
        required={required}
        aria-describedby={described(id, hint, error)}
        aria-invalid={error ? "true" : undefined}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} selected={option.value === value}>
            {visibleText(option.label)}
          </option>
        ))}
      </select>
      {error && <span class="error" id={`${id}-error`}>{error}</span>}
    </div>
  );
}

interface ChoicesProps {
  /** Where several groups share a name: what tells this one from them. */
  id?: string;
  name: string;
  legend: string;
  type: "radio" | "checkbox";
  hint?: ComponentChildren;
  error?: string | undefined;
  chosen: readonly string[];
  /** Short ones stand side by side where there is room. */
  pairs?: boolean;
  options: readonly { value: string; label: ComponentChildren; hint?: ComponentChildren }[];
}

/** A group of radio buttons or check boxes under one question. */
export function Choices(props: ChoicesProps) {
  const { name, legend, type, hint, error, chosen, options, pairs } = props;
  const id = `field-${props.id ?? name}`;
  return (
    <fieldset
      class={pairs ? "choices pairs" : "choices"}
      aria-describedby={described(id, hint, error)}
    >
      <legend>{legend}</legend>
      {hint && <span class="hint" id={`${id}-hint`}>{hint}</span>}
      {error && <span class="error" id={`${id}-error`}>{error}</span>}
      {options.map((option) => (
        <label class="choice" key={option.value}>
          <input
            type={type}
            name={name}
            value={option.value}
            checked={chosen.includes(option.value)}
          />
          <span>
            {typeof option.label === "string" ? <Visible text={option.label} /> : option.label}
          </span>
          {option.hint && <span class="hint">{option.hint}</span>}
        </label>
      ))}
    </fieldset>
  );
}
