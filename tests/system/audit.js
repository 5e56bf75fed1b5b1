// What a page looks like from inside. Colours are taken from a canvas, which understands all that
// CSS does.
({text}) => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => {
    const [r, g, b] = color.slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgba(getComputedStyle(e).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("script, style")) continue;
    texts += 1;
    const found = contrast(rgba(getComputedStyle(element).color), ground(element));
    if (found < text) low.push([walker.currentNode.data.trim().slice(0, 40), found]);
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  const images = [...document.querySelectorAll("img, svg, [role=img]")];
  const timing = performance.getEntriesByType("navigation")[0];
  return {
    texts, low,
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    images: images.length,
    nameless: images.filter((e) => !(e.alt || e.getAttribute("aria-label") || "").trim()).length,
    repeated: ids.filter((id, i) => ids.indexOf(id) !== i),
    broken: [...document.images].filter((e) => !e.naturalWidth).length,
    load: timing.loadEventEnd,
    headings: [...document.querySelectorAll("h1, h2, h3")].map((e) => Number(e.tagName[1])),
  };
}
