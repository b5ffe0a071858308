"use strict";
// Filters and sorts what stands in the page; without it the page is complete, and unsorted.
(() => {
  const tools = document.getElementById("tools");
  if (!tools) return;
  const [filter, show, order] = ["filter", "show", "order"].map((id) => document.getElementById(id));
  const said = document.getElementById("said");
  const number = (element, name) => Number(element.dataset[name]);
  const list = document.getElementById("accounts");
  const accounts = [...list.children].map((element) => {
    const boxes = element.querySelector(".mailboxes");
    const name = element.dataset.name;
    return {
      element, boxes, name, wasOpen: false,
      mailboxes: [...(boxes ? boxes.children : [])].map((mailbox, place) => ({
        element: mailbox, place, name: mailbox.dataset.name,
        // A mailbox is found by its account, too.
        text: (mailbox.dataset.name + " " + name).toLowerCase(),
        marks: mailbox.dataset.marks.split(" "),
      })),
    };
  });
  accounts.forEach((account, place) => { account.place = place; });
  const all = accounts.reduce((sum, account) => sum + account.mailboxes.length, 0);

  const sort = () => {
    const by = order.value;
    const before = (a, b) => by === "place" ? a.place - b.place
      : number(b.element, by) - number(a.element, by) || a.place - b.place;
    for (const account of accounts) {
      if (account.boxes) account.boxes.append(...account.mailboxes.sort(before).map((each) => each.element));
    }
    list.append(...accounts.sort(before).map((each) => each.element));
  };

  // More rows than these at once take a browser seconds; then the accounts stay as they are.
  const MANY = 200;
  let sifted = false;
  const sift = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const mark = show.value;
    const sifting = words.length > 0 || mark !== "";
    let left = 0;
    for (const account of accounts) {
      if (!sifted) account.wasOpen = account.element.open;
      account.here = 0;
      for (const mailbox of account.mailboxes) {
        const fits = words.every((word) => mailbox.text.includes(word)) && (!mark || mailbox.marks.includes(mark));
        mailbox.element.hidden = !fits;
        account.here += fits;
      }
      left += account.here;
    }
    for (const { element, name, here, wasOpen } of accounts) {
      const named = !mark && words.every((word) => name.toLowerCase().includes(word));
      element.hidden = here === 0 && !named;
      element.open = sifting && left <= MANY ? here > 0 : wasOpen;
    }
    sifted = sifting;
    said.textContent = sifting ? `${left.toLocaleString("en")} of ${all.toLocaleString("en")} mailboxes` : "";
  };

  let waiting = 0;
  filter.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(sift, 120);
  });
  show.addEventListener("change", sift);
  order.addEventListener("change", sort);
  tools.hidden = false;

  // Paper can't be opened: print what stands behind "more", and the accounts' lists.
  const folded = () => document.querySelectorAll("details.account:not([open]), details.more:not([open])");
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...folded()];
    opened.forEach((element) => { element.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((element) => { element.open = false; }));
})();
