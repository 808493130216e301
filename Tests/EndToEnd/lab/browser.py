"""Opens pages in a real Chromium, and says what is wrong with them; a program of its own, run in a namespace.

    browser.py URL TOKEN FOLDER PATH…     problems as JSON on standard output; pictures into FOLDER

Every page by day and by night, on a telephone and on a desk, with JavaScript and without: no message on the console, no
request that fails or leaves the server, no sideways scrolling, a name for every picture, a contrast of 4.5 for every text,
and every link reachable by keyboard.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

# Where `make packages` puts it: Debian has no package of it.
LIBRARY = Path(__file__).resolve().parents[3] / ".build" / "python"
CHROMIUM = Path("/usr/bin/chromium")

# What is wrong with the page as it is shown.
LOOK = """() => {
    const problems = [];
    const luminance = c => c.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const colour = text => (text.match(/[\\d.]+/g) || []).map(Number);
    const behind = element => {
        for (let e = element; e; e = e.parentElement) {
            const c = colour(getComputedStyle(e).backgroundColor);
            if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
        }
        return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
    };
    if (document.querySelectorAll('h1').length !== 1) problems.push('not one h1');
    if (document.documentElement.scrollWidth > innerWidth) problems.push(`scrolls sideways: ${document.documentElement.scrollWidth} of ${innerWidth}`);
    for (const image of document.querySelectorAll('img:not([alt]), svg:not([aria-hidden]):not(:has(title))'))
        problems.push(`a picture without a name: ${image.outerHTML.slice(0, 60)}`);
    for (const field of document.querySelectorAll('input:not([type=hidden])'))
        if (!field.labels.length && !field.getAttribute('aria-label')) problems.push(`a field without a name: ${field.name}`);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
        const fore = luminance(colour(getComputedStyle(element).color).slice(0, 3)), back = luminance(behind(element));
        const contrast = (Math.max(fore, back) + 0.05) / (Math.min(fore, back) + 0.05);
        if (contrast < 4.5) problems.push(`contrast ${contrast.toFixed(2)}: ${walker.currentNode.data.trim().slice(0, 40)}`);
    }
    return problems;
}"""


# Whether all pictures are there that can be seen; others are not asked for before somebody scrolls to them.
SHOWN = "() => Array.from(document.images).every(image => image.complete || image.getBoundingClientRect().top > innerHeight)"


def main() -> None:
    sys.path.insert(0, str(LIBRARY))
    from playwright.sync_api import sync_playwright

    url, token, folder, *paths = sys.argv[1:]
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for scheme, width, script in itertools.product(("light", "dark"), (360, 1280), (True, False)):
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}, java_script_enabled=script)
            where = [""]
            note = lambda text: problems.append(f"{where[0]} ({scheme}, {width}, {'with' if script else 'without'} JavaScript): {text}")
            page = context.new_page()
            page.on("console", lambda message: note(f"console: {message.text}"))
            page.on("pageerror", lambda error: note(f"error: {error}"))
            # What is left early, as the icon is when the next page is opened, did not fail.
            page.on("requestfailed", lambda request: None if request.failure == "net::ERR_ABORTED" else note(f"failed: {request.url}"))
            page.on("request", lambda request: None if request.url.startswith(url) else note(f"foreign: {request.url}"))
            page.on("response", lambda response: note(f"{response.status} {response.url}") if response.status >= 400 else None)
            where[0] = "/login"
            page.goto(f"{url}/login")
            for problem in page.evaluate(LOOK):
                note(problem)
            page.get_by_label("Token").fill(token)
            page.keyboard.press("Enter")
            page.wait_for_url(f"{url}/")
            for path in paths:
                where[0] = path
                page.goto(url + path)
                page.keyboard.press("Tab")
                if page.evaluate("() => document.activeElement.className") != "skip":
                    note("the first Tab does not lead past the navigation")
                page.evaluate("() => document.querySelectorAll('details').forEach(details => details.open = true)")
                for problem in page.evaluate(LOOK):
                    note(problem)
                if script:
                    name = path.strip("/").replace("/", "-") or "fleet"
                    page.wait_for_function(SHOWN)
                    page.screenshot(path=f"{folder}/{name}-{scheme}-{width}.png")
                    for graphs in page.locator(".graph").all():
                        graphs.scroll_into_view_if_needed()
                        page.wait_for_function(SHOWN)
                        graphs.screenshot(path=f"{folder}/{name}-graphs-{scheme}-{width}.png")
            context.close()
        browser.close()
    print(json.dumps(problems, indent=1))


if __name__ == "__main__":
    main()
