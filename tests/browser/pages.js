// The pages that are tested, made by the real program.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const work = mkdtempSync(join(tmpdir(), "p2c-browser-"));

/** Takes all pages away. */
export const cleanUp = () => rmSync(work, { recursive: true, force: true });

/** Sets `window.hit` and asks for a dialog and the network, wherever a browser takes it for markup. */
export const HOSTILE = `"><script>window.hit=1;alert(1)</script><img src="https://x.invalid/" onerror="window.hit=2">'\`&amp;`;
/** The same for names of files, which hold no slash and no dot. */
const HOSTILE_NAME = `"><img src=x onerror=window['hit']=3><svg onload=window['hit']=4>'&`;
const HOSTILE_SUBJECT = "<script>window.hit=5</script>";

function program(name, variable) {
  if (process.env[variable]) return resolve(process.env[variable]);
  const built = ["release", "debug"].map((kind) => join(root, "target", kind, name)).filter(existsSync);
  if (built.length === 0) throw new Error(`${name} is not built: cargo build --workspace --bins (or set ${variable})`);
  return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

const plesk2cpanel = program("plesk2cpanel", "PLESK2CPANEL");

/** Converts a backup; status 3 says that the report has something for a person. */
function convert(backup, output, ...options) {
  const run = spawnSync(plesk2cpanel, ["convert", backup, "--output", output, ...options], { encoding: "utf8" });
  if (![0, 3].includes(run.status)) throw new Error(`convert ended with ${run.status}: ${run.stderr}`);
  return join(output, "report.html");
}

function page(report, name) {
  const [json, html] = [join(work, `${name}.json`), join(work, `${name}.html`)];
  writeFileSync(json, JSON.stringify(report));
  execFileSync(plesk2cpanel, ["report", "html", json, "--output", html]);
  return html;
}

/** A recorded backup of an old Courier, whose report has every kind of certainty but one. */
export function recorded() {
  return convert(join(root, "fixtures/recorded/courier/backup.tar"), join(work, "recorded"));
}

/** A backup whose folders, files, subjects and autoresponder are written against the page. */
export function hostileBackup() {
  const maildir = join(work, "maildir");
  const write = (path, text) => {
    mkdirSync(dirname(join(maildir, path)), { recursive: true });
    writeFileSync(join(maildir, path), text);
  };
  const message = `From: a@example.net\nSubject: ${HOSTILE_SUBJECT}\n\ntext\n`;
  write("cur/1700000000.M1P1.old:2,S", message);
  write(`.${HOSTILE_NAME}/cur/1700000001.M1P1.old:2,S`, message);
  write(`.${HOSTILE_NAME}/${HOSTILE_NAME}`, "a file");
  write(HOSTILE_NAME, "a file");
  const pack = program("plesk-pack", "PLESK_PACK");
  const sample = JSON.parse(execFileSync(pack, ["--sample"], { encoding: "utf8" }));
  const subscription = sample.subscriptions[0];
  subscription.catch_all = `bounce:${HOSTILE}`;
  Object.assign(subscription.mailboxes[0], { maildir, source: null, forwards: [`${HOSTILE}@example.net`] });
  const backup = join(work, "hostile.tar");
  execFileSync(pack, ["-", backup], { input: JSON.stringify(sample) });
  return convert(backup, join(work, "hostile"));
}

/** A report in which every text that is not one of a few words is hostile. */
export function hostileReport() {
  const report = JSON.parse(readFileSync(join(dirname(recordedPage()), "report.json"), "utf8"));
  const words = new Set(["severity", "outcome", "login", "found", "live", "uidvalidity_certainty", "digest"]);
  const spoil = (value, field) => {
    if (typeof value === "string") return words.has(field) ? value : `${HOSTILE} ${field}`;
    if (Array.isArray(value)) return value.map((each) => spoil(each, field));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, spoil(each, name)]));
  };
  const spoiled = spoil(report, "");
  spoiled.accounts.push({ ...spoiled.accounts[0], outcome: "failed", archive: null, error: { text: HOSTILE, hint: HOSTILE } });
  spoiled.totals.failed += 1;
  spoiled.totals.accounts += 1;
  return page(spoiled, "hostile-report");
}

/** A report with `accounts` times `mailboxes`, copied from the recorded one and made different. */
export function many(accounts, mailboxes) {
  const report = JSON.parse(readFileSync(join(dirname(recordedPage()), "report.json"), "utf8"));
  const [model] = report.accounts;
  const boxes = model.mailboxes.filter((mailbox) => mailbox.messages > 0);
  report.accounts = Array.from({ length: accounts }, (_, a) => {
    const domain = `customer-${String(a).padStart(4, "0")}.example`;
    const own = Array.from({ length: mailboxes }, (_, m) => {
      const number = a * mailboxes + m;
      const mailbox = structuredClone(boxes[number % boxes.length]);
      const again = number % 50 === 7 ? mailbox.messages : 0;
      return Object.assign(mailbox, {
        address: `mailbox-${m}@${domain}`,
        bytes: mailbox.bytes + ((number * 7919) % 1000) * 1000,
        login: number % 20 === 3 ? "locked" : "hashed",
        pop3_downloads_expected: again,
      });
    });
    const locked = own.filter((mailbox) => mailbox.login === "locked");
    return {
      ...structuredClone(model), domain, mailboxes: own,
      settings: own.flatMap(({ address }) => model.settings.slice(0, 5).map((setting) => ({ ...setting, object: address }))),
      findings: locked.map(({ address }) => ({
        code: "login-locked", severity: "warning", object: address,
        text: "the backup holds no password; the login is locked", remedy: "set a password for the mailbox after the restore",
      })),
    };
  });
  const sum = (field) => report.accounts.flatMap((account) => account.mailboxes).reduce((all, mailbox) => all + mailbox[field], 0);
  Object.assign(report.totals, {
    accounts, converted: accounts, mailboxes: accounts * mailboxes,
    messages: sum("messages"), messages_found: sum("messages"), messages_written: sum("messages"), bytes: sum("bytes"),
    pop3_downloads_expected: sum("pop3_downloads_expected"), attention: report.accounts.flatMap((account) => account.findings).length,
  });
  return page(report, `many-${accounts}`);
}

/** The hostile page with what protects it taken away: the escaping, and if asked the policy. */
export function unprotected({ policy }) {
  let html = readFileSync(hostileReportPage(), "utf8");
  html = html.replaceAll("&#60;", "<").replaceAll("&#62;", ">").replaceAll("&#34;", '"');
  if (!policy) html = html.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "");
  const path = join(work, `unprotected-${policy}.html`);
  writeFileSync(path, html);
  return path;
}

const once = (make) => {
  let made;
  return () => (made ??= make());
};
const recordedPage = once(recorded);
const hostileReportPage = once(hostileReport);

export const pages = {
  recorded: recordedPage,
  "hostile-backup": once(hostileBackup),
  "hostile-report": hostileReportPage,
  "some-accounts": once(() => many(3, 8)),
};
