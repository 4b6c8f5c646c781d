import { Mark } from "@oriel/ui";
import type { ReactNode } from "react";
import { OrielDrawing } from "./oriel_drawing.tsx";

/** The page of who is not in yet: a heading and what to fill in, beside the drawing. */
export function FrontPage({ heading, text, foot, children }: { heading: string; text: string; foot?: ReactNode; children: ReactNode }) {
  return (
    <main className="split">
      <section className="pane">
        <div className="box">
          <div className="box-head">
            <Mark className="mark mark-large" />
            <div>
              <h1 tabIndex={-1}>{heading}</h1>
              <p className="small t3">{text}</p>
            </div>
          </div>
          {children}
        </div>
        {foot && <div className="foot">{foot}</div>}
      </section>
      <section className="art" aria-hidden="true">
        <OrielDrawing />
      </section>
    </main>
  );
}
