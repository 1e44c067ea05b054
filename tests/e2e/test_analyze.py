"""`vedette analyze` as other programs use it: one JSON object a picture, exit codes, products."""
import json
import subprocess

from harness.server import clean_environment, program


def analyze(*words, code: int = 0) -> list[dict]:
    done = subprocess.run([program(), "analyze", *map(str, words), "--json"], capture_output=True, text=True, timeout=120, env=clean_environment())
    assert done.returncode == code, done.stderr + done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_landsat_has_the_figures_of_its_readme(sample, tmp_path):
    [one] = analyze(sample("imagery/landsat7_6band.tif"), "--bands", "landsat7", "--output", tmp_path)
    assert (one["width"], one["height"], one["valid_px"]) == (349, 352, 349 * 352)
    ndvi = one["indices"]["ndvi"]
    for figure, expected in {"mean": -0.0643, "min": -0.7534, "max": 0.5867}.items():
        assert abs(ndvi[figure] - expected) <= 1e-4, figure
    assert [band["role"] for band in one["bands"]] == ["blue", "green", "red", "near infrared", None, None]
    assert one["gps"] is None and one["health"]["caveat"]
    folder = tmp_path / "landsat7_6band"
    assert {product["file"] for product in one["products"]} == {file.name for file in folder.iterdir()}
    assert {"ndvi.tif", "ndvi.png", "preview.jpg", "zones.geojson", "numbers.csv"} <= {file.name for file in folder.iterdir()}
    assert sorted(tmp_path.iterdir()) == [folder]


def test_an_ordinary_picture_says_why_it_has_no_ndvi(sample):
    [one] = analyze(sample("imagery/seneca_IMG_0520.jpg"))
    assert "ndvi" not in one["indices"] and "vari" in one["indices"]
    assert "near infrared" in next(each["why"] for each in one["not_computed"] if each["index"] == "ndvi")
    assert one["health"] is None
    assert abs(one["gps"]["latitude"] - 41.0353034) < 1e-6 and abs(one["gps"]["longitude"] + 83.3045670) < 1e-6


def test_one_bad_file_never_blocks_the_rest(sample, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "b.tif").write_bytes(sample("imagery/landsat8_B4.tif").read_bytes()[:5000])
    (tmp_path / "c.tif").write_bytes(sample("imagery/landsat7_6band.tif").read_bytes())
    (tmp_path / "d.txt").write_text("notes of the flight")
    objects = {one["file"].rsplit("/", 1)[1]: one for one in analyze(tmp_path, code=3)}
    assert objects["c.tif"]["width"] == 349
    assert "0 bytes" in objects["a.jpg"]["error"]["message"]
    assert objects["b.tif"]["error"]["code"] == "corrupt"
    assert objects["d.txt"]["error"]["code"] == "unsupported"


def test_bad_use_is_refused(sample):
    picture = sample("imagery/landsat7_6band.tif")
    for words in (["--bands", "landsat9"], ["--bands", "red,nir"], ["--indices", "nvdi"], ["--indices", "mine = N +"], ["--reflectance", "0"]):
        analyze(picture, *words, code=2)
    analyze(code=2)
    analyze("/nowhere.tif", code=1)
