"""Tiles of images and what is at a pixel, against the rasters themselves, which are read here by other means."""
import math
import pathlib
import random

import pytest

from harness.images import ended, png, upload, upload_file
from harness.raster import Png, Raster

SIDE = 256


def middle(tiles: dict) -> tuple[float, float]:
    west, south, east, north = tiles["bounds"]
    return (west + east) / 2, (south + north) / 2


def tile_at(longitude: float, latitude: float, z: int) -> tuple[float, float]:
    """In tiles, with what remains."""
    x = (longitude + 180) / 360 * 2**z
    return x, (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * 2**z


def degrees_at(x: float, y: float, z: int) -> tuple[float, float]:
    return x / 2**z * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / 2**z))))


def address(template: str, z: int, x: int, y: int) -> str:
    return template.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))


def test_tiles_on_the_map_show_the_raster(serve, store, sample):
    """A Landsat picture in the south: colours of a tile are those of the raster's values at the same places, to the pixel."""
    client = serve(environment=store.environment).client
    image = ended(client, upload_file(client, sample("imagery/landsat7_6band.tif")))["id"]
    assert client.put(f"/api/images/{image}/bands", {"sensor": "landsat7"}).status == 202
    assert ended(client, image)["processing_status"] == "completed"
    tiles = client.fetch(f"/api/images/{image}/tiles.json")
    assert tiles["pyramid"] == "web_mercator" and tiles["why_pixels"] is None and (tiles["width"], tiles["height"]) == (349, 352)
    west, south, east, north = tiles["bounds"]
    assert -36 < west < east < -34 and -9 < south < north < -7, "off Olinda, Brazil"
    ndvi = next(one for one in tiles["indices"] if one["index"] == "ndvi")
    raster = Raster(client.get(f"/api/images/{image}/products/ndvi.tif").body)
    ramp = next(one for one in tiles["ramps"] if one["name"] == "grey")
    assert ramp["colours"] == ["#000000", "#ffffff"]
    z, (longitude, latitude) = tiles["maxzoom"], middle(tiles)
    column, row = (int(part) for part in tile_at(longitude, latitude, z))
    low, high = -0.5, 0.5
    picture = Png(client.get(address(ndvi["tiles"], z, column, row) + f"&ramp=grey&low={low}&high={high}").body)
    assert (picture.width, picture.height) == (SIDE, SIDE)
    draw, compared = random.Random(4), 0
    for _ in range(60):
        i, j = draw.randrange(SIDE), draw.randrange(SIDE)
        lon, lat = degrees_at(column + (i + 0.5) / SIDE, row + (j + 0.5) / SIDE, z)
        answer = client.get(f"/api/images/{image}/value?lon={lon:.9f}&lat={lat:.9f}")
        if answer.status == 400:
            continue
        value = answer.json()
        here = next(one["value"] for one in value["indices"] if one["index"] == "ndvi")
        assert here == pytest.approx(raster.value(value["x"], value["y"]), abs=1e-9)
        bands = {one["band"]: one["value"] for one in value["bands"]}
        assert value["unit"] == "digital_numbers" and here == pytest.approx((bands["near infrared"] - bands["red"]) / (bands["near infrared"] + bands["red"]), abs=6e-5)
        # Next to its own edge a pixel of the tile may be the neighbour's.
        around = {raster.value(x, y) for x in range(max(0, value["x"] - 1), min(349, value["x"] + 2)) for y in range(max(0, value["y"] - 1), min(352, value["y"] + 2))}
        grey = {round(min(max((one - low) / (high - low), 0), 1) * 254) for one in around if one is not None}
        assert any(abs(picture.pixel(i, j)[0] * 254 / 255 - one) <= 1.5 for one in grey)
        compared += 1
    assert compared > 20
    whole = Png(client.get(address(ndvi["tiles"], 0, 0, 0)).body)
    assert whole.pixel(0, 0) is None, "clear where there is no image"
    assert client.get(address(ndvi["tiles"], z, 0, 0)).status == 404
    seen = Png(client.get(address(tiles["picture"], z, column, row)).body)
    assert any(seen.pixel(i, i) for i in range(SIDE))
    again = client.fetch(f"/api/images/{image}/value?x=10&y=20")
    back = client.fetch(f"/api/images/{image}/value?lon={again['longitude']}&lat={again['latitude']}")
    assert (back["x"], back["y"]) == (10, 20)


def test_tiles_of_a_frame_are_its_own_pixels(serve, folder_store):
    client = serve(environment=folder_store.environment).client
    image = ended(client, upload(client, ("frame.png", png(1, 700, 500))).json()["id"])["id"]
    tiles = client.fetch(f"/api/images/{image}/tiles.json")
    assert tiles["pyramid"] == "pixels" and "georeference" in tiles["why_pixels"] and tiles["bounds"] is None and tiles["maxzoom"] == 2
    index = tiles["indices"][0]
    raster = Raster(client.get(f"/api/images/{image}/products/{index['index']}.tif").body)
    where = address(index["tiles"], 2, 2, 1)
    answer = client.get(where + "&ramp=grey&low=-1&high=1")
    tile = Png(answer.body)
    for x, y in ((512, 256), (699, 499), (600, 300)):
        value = raster.value(x, y)
        assert abs(tile.pixel(x - 512, y - 256)[0] * 254 / 255 - (min(max(value, -1), 1) + 1) / 2 * 254) <= 1
        assert client.fetch(f"/api/images/{image}/value?x={x}&y={y}")["indices"][0]["value"] == pytest.approx(value)
    assert tile.pixel(188, 100) is None, "beyond the edge"
    # The version in the address never changes its content; without it a browser asks, and is told that nothing is new.
    assert "immutable" in answer.headers["cache-control"]
    for path in (where, where.partition("?")[0], address(tiles["picture"], 2, 0, 0), f"/api/images/{image}/tiles.json"):
        got = client.get(path)
        assert got.status == 200 and client.get(path, headers={"If-None-Match": got.headers["etag"]}).status == 304, path
    assert client.get(where.partition("?")[0]).headers["cache-control"] == "private, no-cache"
    seen = Png(client.get(address(tiles["picture"], 2, 0, 0)).body)
    assert all(seen.pixel(i, i) for i in range(SIDE)) and seen.pixel(10, 10)[1] > seen.pixel(10, 10)[2], "green"
    # What is asked wrongly is named.
    base = f"/api/images/{image}/tiles"
    for path, status, word in ((f"{base}/2/0/0", 400, ".png"), (f"{base}/x/0/0.png", 400, "zoom"), (f"{base}/25/0/0.png", 400, "zoom"), (f"{base}/2/4/0.png", 400, "column"),
                               (f"{base}/2/0/-1.png", 400, "row"), (f"{base}/3/0/0.png", 404, "deepest"), (f"{base}/2/3/3.png", 404, "no part"),
                               (f"{base}/nothing/0/0/0.png", 404, "nothing"), (f"{base}/{index['index']}/0/0/0.png?ramp=rainbow", 400, "viridis"),
                               (f"{base}/{index['index']}/0/0/0.png?low=1", 400, "together"), (f"{base}/{index['index']}/0/0/0.png?low=1&high=1", 400, "above"),
                               (f"{base}/{index['index']}/0/0/0.png?low=nan&high=1", 400, "number"), (f"/api/images/{image}/value?x=1", 400, "either"),
                               (f"/api/images/{image}/value?x=700&y=1", 400, "700 x 500"), (f"/api/images/{image}/value?lon=1&lat=1", 400, "no place")):
        refused = client.get(path)
        assert refused.status == status and word in refused.json()["error"]["message"].lower(), (path, refused.body)
    assert client.post("/api/jobs/kinds/analyze-image/pause").status in (200, 202, 204)
    waiting = upload(client, ("later.png", png(2))).json()["id"]
    refused = client.get(f"/api/images/{waiting}/tiles.json")
    assert refused.status == 404 and "not been analysed" in refused.json()["error"]["message"]


def test_a_damaged_raster_is_said(serve, folder_store):
    client = serve(environment=folder_store.environment).client
    image = ended(client, upload(client, ("frame.png", png(1))).json()["id"])["id"]
    index = next(product["index"] for product in client.fetch(f"/api/images/{image}")["products"] if product["kind"] == "index_cog")
    folder = pathlib.Path(folder_store.environment["VEDETTE_BLOB_FOLDER"])
    for key in folder_store.keys():
        if key.endswith(".tif"):
            (folder / key).write_bytes(b"II*\0" + bytes(100))
    for path in (f"tiles/{index}/0/0/0.png", "tiles/0/0/0.png", "tiles.json", "value?x=1&y=1"):
        answer = client.get(f"/api/images/{image}/{path}")
        assert answer.status == 422 and "Analyse" in answer.json()["error"]["message"], path
