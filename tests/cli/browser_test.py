#!/usr/bin/env python3
"""The HTML report in a real browser: it draws, zooms, sorts, can be used with the keyboard, and logs no error.

    browser_test.py COMMAND REPORT.json [unittest's arguments]

COMMAND is the torchtally command, REPORT.json a JSON report of it: tests/report/golden/report.json. Needs Debian's chromium,
chromium-driver and python3-selenium; without them it says so and ends with 77, which ctest takes for skipped.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.select import Select
except ImportError as error:
    print(f"skipped: {error}. third_party/bootstrap.sh installs python3-selenium.")
    sys.exit(77)

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not CHROMIUM or not DRIVER:
    print("skipped: no chromium or no chromedriver on PATH. third_party/bootstrap.sh installs them.")
    sys.exit(77)

COMMAND, REPORT = sys.argv[1:3]
FOLDER = tempfile.TemporaryDirectory()


def page_of(*options):
    path = pathlib.Path(FOLDER.name) / "report.html"
    subprocess.run([COMMAND, "report", REPORT, "--format", "html", "--output", str(path), *options], check=True, timeout=60)
    return path.as_uri()


def start_browser():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    # Root, as in a container, has no sandbox; /dev/shm may be small there.
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,1600",
                     f"--user-data-dir={FOLDER.name}/profile"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    os.environ["HOME"] = FOLDER.name  # where Chromium keeps caches
    return webdriver.Chrome(service=Service(DRIVER), options=options)


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = start_browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()

    def setUp(self):
        self.browser.get(page_of("--peak", "1", "--bandwidth", "0.01"))

    def tearDown(self):
        self.assertEqual(self.browser.get_log("browser"), [])

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        return [element.text for element in self.browser.find_elements(By.CSS_SELECTOR, selector)]

    def block(self, label):
        return self.find(f'#icicle [aria-label^="{label}"]')

    def width(self, label):
        return float(self.block(label).find_element(By.CSS_SELECTOR, "rect").get_attribute("width"))

    def current(self):
        return self.find("#path [aria-current]").text

    def keys(self, *keys):
        for key in keys:
            ActionChains(self.browser).send_keys(key).perform()

    def focused(self):
        return self.browser.switch_to.active_element.get_attribute("aria-label")

    def test_shows_totals_and_what_is_not_covered(self):
        self.assertIn("478.9 M", self.texts("#totals dd"))
        self.assertIn("2.503 M", self.texts("#totals dd"))
        caveats = self.find("#caveats")
        self.assertTrue(caveats.is_displayed())
        self.assertIn("mylib::mystery (12 calls)", caveats.text)
        self.assertIn("1 module was not called: spare", caveats.text)

    def test_names_stay_text(self):
        self.assertEqual(self.browser.find_elements(By.CSS_SELECTOR, "main b"), [])
        self.assertIn("größe <b>", self.find("#table").text)

    def test_blocks_are_as_wide_as_their_figures(self):
        # stem has 472,858,624 of 478,880,512 FLOPs.
        self.assertAlmostEqual(self.width("stem") / self.width("Net"), 472858624 / 478880512, places=3)
        Select(self.find("#metric")).select_by_value("activations")
        # 812,224 of 828,670 activations.
        self.assertAlmostEqual(self.width("stem") / self.width("Net"), 812224 / 828670, places=3)
        self.assertIn("activations", self.block("Net").get_attribute("aria-label"))

    def test_zooms_by_click_and_back_by_the_path(self):
        self.block("backbone").click()
        self.assertEqual(self.current(), "backbone (Wrapper)")
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, '#icicle [aria-label^="stem"]')), 0)
        self.assertIn("in backbone", self.find("#operators-of").text)
        self.assertNotIn("aten::convolution_backward", self.find("#operators").text)
        self.find("#path button").click()
        self.assertEqual(self.current(), "Net")
        self.assertIn("aten::convolution_backward", self.find("#operators").text)

    def test_zooms_and_moves_by_keyboard(self):
        self.browser.execute_script("document.querySelector('#icicle [tabindex=\"0\"]').focus()")
        self.assertTrue(self.focused().startswith("Net"))
        self.keys(Keys.ARROW_DOWN)
        self.assertTrue(self.focused().startswith("stem, Conv2d"), self.focused())
        self.keys(Keys.ARROW_RIGHT)
        self.assertTrue(self.focused().startswith("backbone, Wrapper"), self.focused())
        self.keys(Keys.ENTER)
        self.assertEqual(self.current(), "backbone (Wrapper)")
        self.assertTrue(self.focused().startswith("backbone"), "focus stays on what was zoomed to")
        self.assertIn("Showing backbone", self.find("#icicle-status").get_attribute("textContent"))
        self.keys(Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.ESCAPE)
        self.assertEqual(self.current(), "Net")

    def test_shows_a_tip_on_focus_and_hides_it(self):
        self.browser.execute_script("document.querySelector('#icicle [tabindex=\"0\"]').focus()")
        self.assertTrue(self.find("#tip").is_displayed())
        self.assertIn("2.503 M parameters", self.find("#tip").text)
        self.browser.execute_script("document.activeElement.blur()")
        self.assertFalse(self.find("#tip").is_displayed())

    def first_column(self):
        return self.texts("#table tbody td:first-child button")

    def test_table_sorts_and_comes_back(self):
        in_order = self.first_column()
        self.assertEqual(in_order[:4], ["Net", "stem", "backbone", "body"])
        flops = "#table thead th:nth-child(5)"
        self.find(flops + " button").click()
        self.assertEqual(self.find(flops).get_attribute("aria-sort"), "descending")
        self.assertEqual(self.first_column()[:2], ["Net", "stem"])
        self.assertEqual(self.first_column()[-1], "spare")
        self.find(flops + " button").click()
        self.assertEqual(self.find(flops).get_attribute("aria-sort"), "ascending")
        self.assertEqual(self.first_column()[0], "spare")
        self.find(flops + " button").click()
        self.assertEqual(self.first_column(), in_order)

    def test_table_filters_and_marks(self):
        table = self.find("#table").text
        for mark in ("not called", "unknown operator", "shared: backbone.body.tail"):
            self.assertIn(mark, table)
        self.find("#filter").send_keys("linear")
        self.assertEqual(self.first_column(), ["backbone.body.0", "head", "spare"])

    def test_table_zooms_the_chart(self):
        [button] = [button for button in self.browser.find_elements(By.CSS_SELECTOR, "#table tbody button") if button.text == "body"]
        button.click()
        self.assertEqual(self.current(), "body (Sequential)")

    def test_roofline(self):
        # 1 GFLOP/s and 0.01 GB/s: the roof bends at 100 FLOPs per byte. Of the operators convolution_backward alone is right of it.
        self.assertIn("bends at 100 FLOPs per byte", self.find("#roofline-text").text)
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, "#roofline circle")), 4)
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, "#roofline circle.compute")), 1)
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, "#roofline .roof")), 1)
        self.find("#peak").send_keys(Keys.CONTROL + "a", Keys.DELETE)
        self.assertIn("Type in your machine's peak", self.find("#roofline-text").text)
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, "#roofline .roof")), 0)
        Select(self.find("#points")).select_by_value("modules")
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, "#roofline circle")), 5)

    def test_times(self):
        page = pathlib.Path(FOLDER.name) / "report.html"
        begin, rest = page.read_text(encoding="utf-8").split('id="data">', 1)
        text, end = rest.split("</script>", 1)
        data = json.loads(text)
        for pair in data["pairs"]:
            pair[-1] = 3000 if pair[0] == 1 else 1000  # nanoseconds; module 1 is stem, with two pairs
        for sums in (data["byOperator"], data["byPhase"], data["byDtype"]):
            for entry in sums:
                entry[-1] = 2000
        page.write_text(begin + 'id="data">' + json.dumps(data) + "</script>" + end, encoding="utf-8")
        self.assertNotIn("Time", self.texts("#metric option"), "without times there is no such width")
        self.browser.refresh()
        Select(self.find("#metric")).select_by_value("time")
        whole = 6000 + 1000 * (len(data["pairs"]) - 2)
        self.assertAlmostEqual(self.width("stem") / self.width("Net"), 6000 / whole, places=3)
        self.assertIn("6 \u00b5s", self.block("stem").get_attribute("aria-label"))
        self.assertIn("Time", self.texts("#table thead button"))
        self.assertIn("Achieved", self.texts("#totals dt"))
        self.assertIn("what it achieved", self.find("#roofline-text").text)

    def test_light_and_dark(self):
        def brightness():
            colour = self.browser.execute_script("return getComputedStyle(document.body).backgroundColor")
            return sum(int(part) for part in colour[4:-1].split(","))

        def prefer(scheme):
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
            self.browser.refresh()

        prefer("dark")
        self.assertLess(brightness(), 150)
        prefer("light")
        self.assertGreater(brightness(), 650)
        self.find("#theme").click()
        self.assertLess(brightness(), 150)

    def test_everything_that_can_be_used_has_a_name(self):
        self.browser.execute_cdp_cmd("Accessibility.enable", {})
        nodes = self.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        roles = {}
        for node in nodes:
            role = node.get("role", {}).get("value")
            if role in ("button", "treeitem", "combobox", "spinbutton", "searchbox", "image", "region", "tree"):
                self.assertTrue(node.get("name", {}).get("value"), node)
                roles[role] = roles.get(role, 0) + 1
        self.assertGreater(roles.get("treeitem", 0), 5)
        for role in ("button", "spinbutton", "searchbox", "tree"):
            self.assertIn(role, roles)

    def test_asks_the_network_nothing(self):
        self.assertEqual(self.browser.execute_script("return performance.getEntriesByType('resource').length"), 0)

    def test_fits_a_narrow_window(self):
        self.browser.set_window_size(500, 900)
        try:
            self.assertLessEqual(*self.browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]"))
        finally:
            self.browser.set_window_size(1200, 1600)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
