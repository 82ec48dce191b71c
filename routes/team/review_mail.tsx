import { may } from "../../lib/auth/mod.ts";
import { setReviewMail, wantsReviewMail } from "../../lib/journal/mod.ts";
import {
  Button,
  Choices,
  Compartment,
  Form,
  memberPage,
  type MemberRequest,
} from "../../lib/web/mod.ts";

/** The part of the team's page by which who may approve turns their mails on and off; null for others. */
export async function reviewMailPart({ services, scope, session }: MemberRequest) {
  if (!may(session.role, "changes:decide") || !services.mailer.available) return null;
  const wants = await wantsReviewMail(services, scope, session.userId);
  return (
    <Compartment
      id="mail"
      title="Mail"
      about="How many changes wait and where, at most every 15 minutes; nothing of what is in them."
    >
      <Form action="/team/review-mail">
        <Choices
          name="mail"
          legend="Review"
          type="checkbox"
          chosen={wants ? ["yes"] : []}
          options={[{ value: "yes", label: "Mail me when changes wait for review" }]}
        />
        <Button>Save</Button>
      </Form>
    </Compartment>
  );
}

/** `/team/review-mail`: whether who may approve is told by mail that changes wait. */
export const reviewMailPage = memberPage("/team/review-mail", {
  async post({ services, scope, session, redirect }, form) {
    await setReviewMail(services, scope, session.userId, form.get("mail") === "yes");
    return redirect("/team", "settings_saved");
  },
});
