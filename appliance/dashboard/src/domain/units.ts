// From the SI values of the wire to what people on the floor read, and back for inputs.

/** What the reader chose. */
export interface UnitChoice {
  pressure: "MPa" | "bar";
}

/** How a wire unit is shown: shown = value * factor + offset. */
export interface Shown {
  unit: string;
  factor: number;
  offset: number;
  /** Decimals where no band says better. */
  decimals: number;
}

const plain = (unit: string, factor: number, decimals: number, offset = 0): Shown => ({ unit, factor, offset, decimals });

/** Names whose value `1` is a share and reads better in percent. */
const SHARES = new Set(["shrinkage", "hold_loss", "frozen", "filled", "cushion_share"]);

/** A difference of temperatures keeps its kelvins; a temperature is read in degrees Celsius. */
export type Meaning = "value" | "difference";

/** How to show a quantity of the wire. */
export function shownAs(unit: string, choice: UnitChoice, meaning: Meaning = "value", name = ""): Shown {
  switch (unit) {
    case "Pa":
      return choice.pressure === "bar" ? plain("bar", 1e-5, 0) : plain("MPa", 1e-6, 1);
    case "K":
      return meaning === "difference" ? plain("K", 1, 1) : plain("°C", 1, 1, -273.15);
    case "kg":
      return plain("g", 1e3, 2);
    case "s":
      return plain("s", 1, 2);
    case "m":
      return plain("mm", 1e3, 2);
    case "m3":
      return plain("cm³", 1e6, 2);
    case "m3/s":
      return plain("cm³/s", 1e6, 1);
    case "m/s":
      return plain("mm/s", 1e3, 1);
    case "N":
      return plain("kN", 1e-3, 0);
    case "m/Pa":
      return choice.pressure === "bar" ? plain("µm/kbar", 1e14, 1) : plain("µm/GPa", 1e15, 0);
    case "m3/(s Pa)":
      return choice.pressure === "bar" ? plain("mm³/(s bar)", 1e14, 2) : plain("mm³/(s MPa)", 1e15, 1);
    case "K/Pa":
      return choice.pressure === "bar" ? plain("K/kbar", 1e8, 1) : plain("K/GPa", 1e9, 0);
    case "Pa s":
      // An integral of pressure over time has the unit of a viscosity, and nothing else in common with it.
      return name.includes("integral") ? (choice.pressure === "bar" ? plain("bar·s", 1e-5, 0) : plain("MPa·s", 1e-6, 1)) : plain("Pa·s", 1, 0);
    case "1":
      return SHARES.has(name) ? plain("%", 100, 2) : plain("", 1, 2);
    default:
      return plain(unit.replaceAll("m2", "m²").replaceAll("m3", "m³"), 1, 3);
  }
}

/** A wire value as shown. */
export const toShown = (value: number, shown: Shown): number => value * shown.factor + shown.offset;

/** A typed value as the wire wants it. */
export const toWire = (value: number, shown: Shown): number => (value - shown.offset) / shown.factor;

/** The wire unit in a name such as `hold_pressure_pa`; longest suffix first. */
const SUFFIXES: [string, string][] = [
  ["_m3_s", "m3/s"],
  ["_m3_per_s", "m3/s"],
  ["_m_per_s", "m/s"],
  ["_pa_s", "Pa s"],
  ["_pa", "Pa"],
  ["_kg", "kg"],
  ["_m3", "m3"],
  ["_hz", "Hz"],
  ["_k", "K"],
  ["_n", "N"],
  ["_g", "g"],
  ["_s", "s"],
  ["_m", "m"],
];

/** Splits `hold_pressure_pa` into its name and unit; unit `1` where none is written. */
export function splitUnit(name: string): { name: string; unit: string } {
  for (const [suffix, unit] of SUFFIXES) {
    if (name.endsWith(suffix)) return { name: name.slice(0, -suffix.length), unit };
  }
  return { name, unit: "1" };
}
