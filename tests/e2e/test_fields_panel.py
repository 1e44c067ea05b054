"""The grey panel of a flight: marked once, kept with the mission, used for all its images."""
import pytest

from harness.images import all_images, ended, upload

# Of samples/imagery/oracle-multispectral.json.
MARKS = {"blue": ([659, 466, 802, 610], 0.67, 0.170311), "green": ([624, 476, 767, 620], 0.69, 0.179534), "red": ([623, 504, 766, 648], 0.68, 0.1624131),
         "nir": ([680, 509, 823, 654], 0.61, 0.1065147), "rededge": ([659, 486, 801, 630], 0.67, 0.1308579)}


def files(sample, shot: str) -> list[tuple[str, bytes]]:
    found = [sample(f"imagery/rededge-0000SET/IMG_{shot}_{band}.tif") for band in range(1, 6)]
    return [(file.name, file.read_bytes()) for file in found]


def test_a_panel_marked_once_makes_reflectance_of_a_flight(serve, sample):
    client = serve().client
    client.post("/api/jobs/kinds/analyze-image/pause")
    mission = client.post("/api/missions", {"name": "Orchard"}).json()
    assert mission["panel"] is None
    panel = [row["id"] for row in upload(client, *files(sample, "0000")).json()["images"]]
    upload(client, *files(sample, "0001"), mission=mission["id"])
    marks = [{"band": band, "image": image, "rectangle": rectangle, "albedo": albedo} for image, (band, (rectangle, albedo, _)) in zip(panel, MARKS.items())]

    def put(**change):
        return client.put(f"/api/missions/{mission['id']}/panel", {"marks": [{**marks[0], **change}]})
    assert put(band="purple").status == put(rectangle=[1, 2, 1, 4]).status == put(albedo=1.5).status == put(rectangle=[1200, 900, 1400, 1000]).status == put(band="nir").status == 400
    assert put(image="nobody").status == 404 and client.put(f"/api/missions/{panel[0]}/panel", {"marks": marks}).status == 404
    assert client.put(f"/api/missions/{mission['id']}/panel", {"marks": [marks[0], marks[0]]}).status == 400
    kept = client.put(f"/api/missions/{mission['id']}/panel", {"marks": marks})
    assert kept.status == 200, kept.body
    for mark, (rectangle, albedo, radiance) in zip(kept.json()["panel"]["marks"], MARKS.values()):
        assert mark["radiance"] == pytest.approx(radiance, rel=1e-5) and (mark["rectangle"], mark["albedo"]) == (rectangle, albedo)
    for image in panel:
        assert client.delete(f"/api/images/{image}").status == 204
    assert client.fetch(f"/api/missions/{mission['id']}")["panel"] == kept.json()["panel"], "its picture is not needed any more"
    client.post("/api/jobs/kinds/analyze-image/resume")
    for row in all_images(client):
        ended(client, row["id"])
    flight, = all_images(client)
    image = ended(client, flight["id"])
    assert image["files"] == 5 and image["result"]["radiometry"]["unit"] == "reflectance" and "panel" in image["result"]["radiometry"]["how"]
    assert image["result"]["indices"]["ndvi"]["mean"] == pytest.approx(0.51, abs=0.02)
    gone = client.delete(f"/api/missions/{mission['id']}/panel")
    assert gone.json() == {"panel": None, "queued": 1}
    image = ended(client, flight["id"])
    assert "sunlight sensor" in image["result"]["radiometry"]["how"] and image["result"]["indices"]["ndvi"]["mean"] == pytest.approx(0.585, abs=0.02)
