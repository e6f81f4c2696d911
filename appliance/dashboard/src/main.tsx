import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/shell.css";
import "./styles/live.css";
import "./styles/pages.css";
import "./styles/closing.css";
import { App } from "./app.tsx";
import { restore } from "./state/session.ts";

const root = document.getElementById("app");
if (root !== null) {
  render(<App />, root);
  void restore();
}
