"""What `serve --demo` shows on the page Fields: samples, said to be such, once."""
import pytest

from harness.images import all_images, ended, png, upload

# Without cameras: those of the demo have tests of their own.
DEMO = ("--demo", "--roles", "api,work,keep")


def test_the_demo_has_a_real_picture_once_and_what_was_removed_stays_away(serve, database, sample, tmp_path):
    landsat = sample("imagery/landsat7_6band.tif", "imagery/L7_ETMs.tif")
    folder = tmp_path / "samples/imagery"
    folder.mkdir(parents=True)
    (folder / "L7_ETMs.tif").symlink_to(landsat)
    environment = {"VEDETTE_SAMPLES": str(folder.parent)}
    server = serve(database, DEMO, environment)
    client = server.client
    mission = next(one for one in client.fetch("/api/missions")["missions"] if "Landsat" in one["name"])
    assert mission["sample"] and mission["name"].startswith("Sample: ") and "no flight of yours" in mission["description"]
    row, = client.fetch(f"/api/images?cursor=&mission={mission['id']}")["images"]
    assert row["sample"] and row["original_name"] in ("L7_ETMs.tif", "landsat7_6band.tif")
    image = ended(client, row["id"])
    assert image["processing_status"] == "completed" and image["result"]["indices"]["ndvi"]["mean"] == pytest.approx(-0.0643, abs=1e-4)
    before = sorted(one["id"] for one in client.fetch("/api/missions")["missions"])
    server.stop()

    server = serve(database, DEMO, environment)
    client = server.client
    assert sorted(one["id"] for one in client.fetch("/api/missions")["missions"]) == before, "the same again: nothing is added"
    for one in all_images(client):
        assert client.delete(f"/api/images/{one['id']}").status == 204
    for one in client.fetch("/api/missions")["missions"]:
        assert client.delete(f"/api/missions/{one['id']}").status == 204
    server.stop()

    client = serve(database, DEMO, environment).client
    assert all_images(client) == [] and client.fetch("/api/missions")["missions"] == []


def test_a_database_with_images_of_ones_own_gets_no_samples(serve, sample, tmp_path):
    sample("imagery/landsat7_6band.tif", "imagery/L7_ETMs.tif")
    database = f"sqlite:{tmp_path / 'vedette.db'}"
    server = serve(database)
    upload(server.client, ("mine.png", png(1)))
    server.stop()
    client = serve(database, DEMO).client
    assert [one["original_name"] for one in all_images(client)] == ["mine.png"] and client.fetch("/api/missions")["missions"] == []
