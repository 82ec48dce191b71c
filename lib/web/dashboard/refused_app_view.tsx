import { ButtonLink } from "../components/form.tsx";
import { PageHead } from "../components/layout.tsx";
import { Notice } from "../components/pieces.tsx";

/** Says why an app cannot be connected, and leads nowhere but home: where it would lead is not proven. */
export function RefusedAppView({ reason }: { reason: string }) {
  return (
    <>
      <PageHead title="This app cannot be connected" crumbs={[]} />
      <Notice tone="danger" title="The request was not accepted">{reason}</Notice>
      <p>
        For your safety you are not sent back to the app. Go back to it and start the connection
        again; if that does not help, tell whoever makes it what is said above.
      </p>
      <div class="row">
        <ButtonLink href="/">Go to the start</ButtonLink>
      </div>
    </>
  );
}
