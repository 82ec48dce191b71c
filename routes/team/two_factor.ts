import { z } from "zod";
import { requireTwoFactor } from "../../lib/auth/mod.ts";
import { AppError } from "../../lib/errors.ts";
import { checkForm, memberPage } from "../../lib/web/mod.ts";

const schema = z.object({ required: z.enum(["yes", "no"]) });

/** `/team/two-factor`: whether members need a second factor. */
export const teamTwoFactorPage = memberPage("/team/two-factor", {
  async post(page, form) {
    const checked = checkForm(form, schema);
    if (!checked.ok) throw new AppError("INVALID_ARGUMENTS", "Choose whether it is required.");
    const required = checked.values.required === "yes";
    await requireTwoFactor(page.services, page.session, required, page.actor);
    return page.redirect("/team", required ? "two_factor_required" : "two_factor_optional");
  },
});
