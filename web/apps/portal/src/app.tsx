import type { Me } from "@oriel/protocol";
import { Button, EmptyState, t, Toaster } from "@oriel/ui";
import { Component, lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import type { HashRoute } from "./hash_routes.ts";
import { EntryPage } from "./pages/entry.tsx";
import { FirstPasswordPage } from "./pages/first_password.tsx";
import { NotFoundPage } from "./pages/not_found.tsx";
import { SignInPage } from "./pages/sign_in.tsx";
import { WorkspacesPage } from "./pages/workspaces.tsx";
import { Palette } from "./parts/palette.tsx";
import { leaveTo, navigate, safeNext, usePlace } from "./router.ts";
import { account, loadAccount } from "./state/account.ts";
import { live } from "./state/live.ts";
import { useStore } from "./state/store.ts";

const Administration = lazy(() => import("./pages/admin/index.tsx"));

export function App({ entry }: { entry: HashRoute | null }) {
  const [arrival, setArrival] = useState(entry);
  return (
    <Boundary>
      {arrival?.kind === "connect" || arrival?.kind === "unsupported" ? (
        <EntryPage
          route={arrival}
          onLeave={() => {
            setArrival(null);
            void loadAccount();
          }}
        />
      ) : (
        <Pages />
      )}
      <Toaster />
    </Boundary>
  );
}

function Pages() {
  const state = useStore(account);
  const place = usePlace();
  const signedIn = state.kind === "signed-in";
  const signedOut = state.kind === "signed-out";
  const expired = signedOut && state.expired;
  const atSignIn = place.path === "/sign-in";

  useEffect(() => {
    if (signedOut) {
      live.stop();
      if (!atSignIn) {
        const next = place.path + place.search;
        navigate(next === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(next)}`, { replace: true });
      }
    }
    if (signedIn && atSignIn) {
      const next = safeNext(new URLSearchParams(place.search).get("next"));
      // A session's page is another document.
      if (next.startsWith("/sessions/")) leaveTo(next);
      else navigate(next, { replace: true });
    }
    if (signedIn && place.path === "/admin") navigate("/admin/sessions", { replace: true });
  }, [signedOut, signedIn, atSignIn, place]);

  if (state.kind === "unreachable") {
    return (
      <main className="main wide alone">
        <EmptyState level={1} title={t("sign_in.offline")} text={state.error.message}>
          <Button kind="primary" onClick={() => void loadAccount()}>
            {t("try_again")}
          </Button>
        </EmptyState>
      </main>
    );
  }
  if (signedOut) return <SignInPage expired={expired} />;
  if (state.kind !== "signed-in" || atSignIn) return null;
  if (state.me.must_change_password) return <FirstPasswordPage />;
  return <SignedIn me={state.me} path={place.path} />;
}

function SignedIn({ me, path }: { me: Me; path: string }) {
  const admin = path.startsWith("/admin");
  useEffect(() => {
    if (!admin || !me.administrator) live.start("own");
  }, [admin, me.administrator]);
  return (
    <>
      {path === "/" ? (
        <WorkspacesPage me={me} />
      ) : admin && !me.administrator ? (
        <NotFoundPage me={me} forbidden />
      ) : admin ? (
        <Suspense fallback={null}>
          <Administration me={me} path={path} />
        </Suspense>
      ) : (
        <NotFoundPage me={me} />
      )}
      <Palette me={me} />
    </>
  );
}

/** A fault in drawing shows what happened instead of an empty page. */
class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }
  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <main className="main wide alone">
        <EmptyState level={1} title={t("crash.title")} text={t("crash.text")}>
          <Button kind="primary" onClick={() => location.reload()}>
            {t("crash.reload")}
          </Button>
          <pre className="code">{String(this.state.error)}</pre>
        </EmptyState>
      </main>
    );
  }
}
