// Writing an entry with gloves on: large choices, few fields, the last shot already filled in.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, post } from "../api/client.ts";
import type { EntryKind, NewEntry } from "../api/records.ts";
import { t } from "../i18n/index.ts";
import { snapshot } from "../state/live.ts";
import { useAction } from "../state/load.ts";
import { Button, Field, Segmented } from "../ui/controls.tsx";
import { Sign } from "../ui/icons.tsx";
import { Panel } from "../ui/panel.tsx";
import { ActionError } from "../ui/states.tsx";
import { say } from "../ui/toast.tsx";

const KINDS: readonly EntryKind[] = ["lot", "action", "defect", "note"];
const DEFECTS = ["short_shot", "flash", "sink_mark", "weld_line", "warpage", "burn_mark", "silver_streak", "other"] as const;
/** Largest photo the box takes. */
const LARGEST_BYTES = 4 * 1024 * 1024;
/** Longer side of a photo that is sent, px: a phone's twelve megapixels are made smaller here. */
const LONGEST_SIDE = 1920;

export function EntryForm({ onDone }: { onDone: () => void }): JSX.Element {
  const [kind, setKind] = useState<EntryKind>("defect");
  const [text, setText] = useState("");
  const [lot, setLot] = useState("");
  const [defect, setDefect] = useState<(typeof DEFECTS)[number] | null>(null);
  const [shot, setShot] = useState<string | null>(null);
  const [photo, setPhoto] = useState<Blob | null>(null);
  const { busy, error, run, clear } = useAction();
  const current = snapshot.value?.shot;
  const shotText = shot ?? (current === undefined ? "" : String(current));
  const ready = kind === "lot" ? lot.trim() !== "" : kind === "defect" ? defect !== null : text.trim() !== "";

  const entry = (): NewEntry => {
    const made: NewEntry = { kind, text: text.trim() };
    if (kind === "lot") made.lot = lot.trim();
    if (kind === "defect" && defect !== null) made.defect = defect;
    if (kind !== "lot" && shotText !== "" && Number.isInteger(Number(shotText))) made.shot = Number(shotText);
    return made;
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    void run(async () => {
      const made = entry();
      if (photo === null) return post("/log", made);
      const form = new FormData();
      for (const [field, value] of Object.entries(made)) form.append(field, String(value));
      form.append("photo", photo, "photo.jpg");
      return post("/log", form);
    }).then((done) => {
      if (!done) return;
      setText("");
      setLot("");
      setDefect(null);
      setShot(null);
      setPhoto(null);
      say(t("log.done"));
      onDone();
    });
  };

  return (
    <Panel title={t("log.new")} class="entry-form">
      <form onSubmit={submit}>
        <Segmented
          label={t("log.kind")}
          value={kind}
          onChoose={(value) => {
            clear();
            setKind(value);
          }}
          choices={KINDS.map((value) => ({ value, words: t(`log.kind.${value}`) }))}
        />
        {kind === "lot" ? <Field label={t("log.lot")} value={lot} onInput={setLot} required maxLength={100} hint={t("log.lot_hint")} /> : null}
        {kind === "defect" ? (
          <div class="defects" role="radiogroup" aria-label={t("log.defect")}>
            {DEFECTS.map((one) => (
              <label key={one} class={one === defect ? "chosen" : ""}>
                <input type="radio" name="defect" checked={one === defect} onChange={() => setDefect(one)} />
                {t(`defect.${one}`)}
              </label>
            ))}
          </div>
        ) : null}
        {kind === "lot" ? null : (
          <div class="two shot-photo">
            <Field label={t("log.shot")} type="number" step="1" value={shotText} onInput={setShot} />
            <PhotoChoice photo={photo} onPhoto={setPhoto} />
          </div>
        )}
        <TextArea label={kind === "lot" || kind === "defect" ? t("log.text_optional") : t("log.text")} value={text} onInput={setText} />
        <ActionError error={error} />
        <Button tone="main" type="submit" busy={busy} disabled={!ready}>
          {t("log.write")}
        </Button>
      </form>
    </Panel>
  );
}

function TextArea({ label, value, onInput }: { label: string; value: string; onInput: (value: string) => void }): JSX.Element {
  return (
    <label class="field">
      <span class="label">{label}</span>
      <textarea rows={2} maxLength={2000} value={value} onInput={(event) => onInput(event.currentTarget.value)} />
    </label>
  );
}

/** Makes a photo small enough to send; refuses what is no picture. */
async function prepared(file: Blob): Promise<Blob> {
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new ApiError(0, "log.no_picture", "");
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  if (scale === 1 && file.size <= LARGEST_BYTES / 2) return file;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob === null ? reject(new ApiError(0, "log.no_picture", "")) : resolve(blob)), "image/jpeg", 0.85));
}

function PhotoChoice({ photo, onPhoto }: { photo: Blob | null; onPhoto: (photo: Blob | null) => void }): JSX.Element {
  const [url, setUrl] = useState<string | null>(null);
  const { error, run } = useAction();
  useEffect(() => {
    if (photo === null) return setUrl(null);
    const made = URL.createObjectURL(photo);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [photo]);
  const choose = (input: HTMLInputElement): void => {
    const file = input.files?.[0];
    input.value = "";
    if (file !== undefined) void run(async () => onPhoto(await prepared(file)));
  };
  return (
    <div class="photo-choice">
      <label class="button">
        <Sign name="camera" /> {photo === null ? t("log.photo_add") : t("log.photo_other")}
        <input type="file" accept="image/*" capture="environment" class="unseen" onChange={(event) => choose(event.currentTarget)} />
      </label>
      {url === null ? null : (
        <span class="photo-chosen">
          <img src={url} alt={t("log.photo_chosen")} />
          <button type="button" class="button icon-only" aria-label={t("log.photo_remove")} onClick={() => onPhoto(null)}>
            <Sign name="cross" />
          </button>
        </span>
      )}
      <ActionError error={error} />
    </div>
  );
}
