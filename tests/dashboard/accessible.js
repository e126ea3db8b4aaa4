// What is wrong for people who do not see, or do not see well; a list of texts, empty where nothing is.
(() => {
  const faults = [];
  const say = (fault, element) => faults.push(`${fault}: ${element.outerHTML.slice(0, 140)}`);
  const scope = document.querySelector("dialog[open]") ?? document.body;
  const visible = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  const named = (element) => {
    const by = element.getAttribute("aria-labelledby");
    const label = element.id && document.querySelector(`label[for="${element.id}"]`);
    return (element.getAttribute("aria-label") || (by && document.getElementById(by)?.textContent) || label?.textContent ||
      (element.tagName === "INPUT" ? "" : element.textContent) || element.getAttribute("title") || "").trim();
  };
  for (const element of scope.querySelectorAll("button, a[href], input, select, textarea, summary, dialog, nav, [role=img], [role=group], [role=region], [tabindex='0']")) {
    if (visible(element) && !named(element) && element.tagName !== "PRE") say("no name", element);
  }
  for (const image of scope.querySelectorAll("img")) if (!image.hasAttribute("alt")) say("no alternative", image);
  if (!document.documentElement.lang) faults.push("no language");
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id twice: ${id}`);
  if (scope === document.body) {
    const heads = [...document.querySelectorAll("h1")].filter(visible);
    if (heads.length !== 1) faults.push(`${heads.length} main headings`);
    if ([...document.querySelectorAll("main")].filter(visible).length !== 1) faults.push("not one main part");
  }
  for (const table of scope.querySelectorAll("table")) for (const head of table.querySelectorAll("th")) if (!head.scope) say("no scope", head);
  for (const list of scope.querySelectorAll("ol, ul")) for (const child of list.children) if (child.tagName !== "LI") say("no item of a list", child);
  for (const item of scope.querySelectorAll("li")) if (!/^(OL|UL|MENU)$/.test(item.parentElement.tagName)) say("an item outside of a list", item);
  for (const list of scope.querySelectorAll("dl")) {
    for (const child of list.children) if (!/^(DT|DD|DIV)$/.test(child.tagName)) say("no term of a list", child);
  }
  for (const element of scope.querySelectorAll("[tabindex]")) if (element.tabIndex > 0) say("its own order", element);
  for (const box of scope.querySelectorAll("*")) {
    const scrolls = /auto|scroll/.test(getComputedStyle(box).overflowY) && box.scrollHeight > box.clientHeight + 1;
    if (scrolls && visible(box) && box.tabIndex < 0 && !box.querySelector("button, a[href], input, [tabindex]")) say("scrolls for mice alone", box);
  }

  // WCAG 2.2 1.4.3: text and what is behind it differ by 4.5, large text by 3.
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const read = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => { const share = part / 255; return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) { const layer = read(getComputedStyle(at).backgroundColor); layers.push(layer); if (layer[3] === 1) break; }
    return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255]);
  };
  const walk = document.createTreeWalker(scope, NodeFilter.SHOW_TEXT);
  const told = new Set();
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !visible(element) || element.closest("svg, option, .hidden, .skip, noscript, script, [disabled]")) continue;
    const style = getComputedStyle(element);
    const ground = behind(element);
    const [one, other] = [light(over(read(style.color), ground)), light(ground)];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const key = `${element.tagName}.${element.className} ${style.color} on ${ground.map(Math.round)}`;
    if (ratio < needed && !told.has(key)) { told.add(key); faults.push(`contrast ${ratio.toFixed(2)}: ${key}`); }
  }
  return faults;
})()
