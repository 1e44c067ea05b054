"""The original crop platform's users move over: their database and folders, their clients and scripts, their .env."""
import json
import subprocess
import urllib.parse

import pytest

from harness.images import all_images, ended, named, png, stored, upload
from harness.keeper import keep
from harness.original import SCHEMA, Original
from harness.server import clean_environment, program
from harness.wait import wait_until


@pytest.fixture
def original(postgres, tmp_path):
    return Original(postgres, tmp_path / "original")


def assert_taken_over(client, original) -> None:
    """Each image once, with what it was there."""
    rows = {row["original_name"].removesuffix(".png"): ended(client, row["id"]) for row in all_images(client)}
    assert {rows[name]["id"] for name in ("done", "waiting", "stuck", "refused", "bad", "lost")} <= set(original.rows.values())
    done = rows["done"]
    assert done["processing_status"] == "completed" and done["analysis"]["ndvi"]["mean"] == pytest.approx(0.612) and done["analysis"]["health_score"] == pytest.approx(0.81, abs=0.01)
    assert "original program" in done["analysis"]["summary"] and done["uploaded_at"].startswith("2025-06-01T09:30:00") and done["mission_id"] == original.mission
    assert (done["gps"]["latitude"], done["gps"]["longitude"]) == (-41.5, 0)
    assert client.get(done["path"]).body == png(11), "under the address that the original served it"
    assert all(rows[name]["processing_status"] == "completed" and rows[name]["result"] for name in ("waiting", "stuck")), "what waited is analysed"
    assert rows["refused"]["processing_status"] == "failed" and "Retry" in rows["refused"]["error"]
    assert rows["bad"]["processing_status"] == "failed" and rows["text"]["processing_status"] == "failed" and "not an image" in rows["text"]["error"]
    assert rows["lost"]["processing_status"] == "completed" and "was not found" in rows["lost"]["error"] and rows["lost"]["analysis"]["ndvi"]["mean"] == pytest.approx(0.3)
    mission, = client.fetch("/api/missions")["missions"]
    assert mission["name"] == "North field" and mission["start_time"] == "2025-06-01T08:00:00Z"
    assert client.post(f"/api/images/{done['id']}/retry").status == 202
    assert ended(client, done["id"])["result"]["not_computed"], "and can be analysed here"


def test_a_database_and_its_folders_are_taken_over_once_and_left_as_they_were(serve, vedette, database, store, original, tmp_path):
    before = original.picture()
    target = {**store.environment, "VEDETTE_DATABASE_URL": database, "VEDETTE_DATA": str(tmp_path / "data")}
    words = ("import", "fields", original.url, "--uploads", original.uploads, "--processed", original.processed)
    looked = vedette(*words, "--dry-run", "--json", environment=target)
    plan = json.loads(looked.stdout)
    assert (plan["images"], plan["completed"], plan["failed"], plan["waiting"], plan["missing"], plan["here"]) == (8, 3, 1, 4, 1, 0) and "lost.png" in plan["missing_names"][0]
    assert looked.returncode == 3 and "taken" not in plan and ":" not in urllib.parse.urlsplit(plan["source"]).netloc.partition("@")[0]
    done = vedette(*words, environment=target)
    assert done.returncode == 3 and "7 images were taken over" in done.stdout and "1 have the same bytes" in done.stdout, done.stdout + done.stderr
    again = json.loads(vedette(*words, "--json", environment=target).stdout)
    assert (again["here"], again["taken"], again["duplicates"]) == (8, 0, 0)
    assert original.picture() == before
    client = serve(database, environment=store.environment).client
    rows = all_images(client)
    assert len(rows) == 7 and len({row["id"] for row in rows}) == 7
    preview = client.get(f"/api/images/{original.rows['done']}/preview")
    assert preview.status == 200 and preview.body.endswith(b"a preview of the original")
    assert_taken_over(client, original)
    gone = original.rows["refused"]
    assert client.delete(f"/api/images/{gone}").status == 204
    assert json.loads(vedette(*words, "--json", environment=target).stdout)["taken"] == 0, "what was removed here does not come again"
    assert stored(store.keys()) >= {one for one in named(client) if not any("abcdefgh" in part for part in one)}


def test_an_import_that_is_killed_goes_on(vedette, serve, original, tmp_path):
    original.add_many([f"more{number}" for number in range(60)], first_seed=100)
    database = f"sqlite:{tmp_path / 'vedette.db'}"
    target = {"VEDETTE_DATABASE_URL": database, "VEDETTE_DATA": str(tmp_path / "data")}
    words = [str(word) for word in (program(), "import", "fields", original.uploads.parent, "--json")]
    (original.uploads.parent / ".env").write_text(f"DB_HOST=127.0.0.1\nDB_PORT={original.postgres.port}\nDB_USER=vedette\nDB_NAME={original.name}\nUPLOAD_FOLDER=uploads\nPROCESSED_FOLDER=processed\n")
    objects = tmp_path / "data/blobs"
    process = subprocess.Popen(words, env={**clean_environment(), **target}, stdout=subprocess.PIPE, start_new_session=True)
    keep(process)
    wait_until("some are taken over", lambda: len(list(objects.rglob("*.png"))) > 5 if objects.exists() else process.poll() is not None)
    process.kill()
    process.wait(30)
    report = json.loads(vedette(*words[1:], environment=target).stdout)
    assert report["images"] == 68 and report["source"].startswith("postgresql://") and report["here"] > 5
    assert report["here"] + report["taken"] + report["duplicates"] == 68, report
    client = serve(database, ("--roles", "api,keep")).client
    rows = all_images(client)
    assert len(rows) == 67 and len({row["id"] for row in rows}) == 67


def test_vedette_runs_on_the_originals_own_database(serve, vedette, original, tmp_path):
    """Its tables are taken over as they are; what waited says for what until the files are taken in."""
    server = serve(original.url)
    client = server.client
    waiting = client.fetch(f"/api/images/{original.rows['waiting']}")
    assert waiting["processing_status"] == "failed" and "vedette import fields" in waiting["error"]
    assert any("original" in note["title"] for note in client.fetch("/api/status")["notes"])
    assert ended(client, upload(client, ("new.png", png(1))).json()["id"])["processing_status"] == "completed"
    done = vedette("import", "fields", original.url, "--uploads", original.uploads, "--json", environment={"VEDETTE_DATABASE_URL": original.url, "VEDETTE_DATA": str(tmp_path / "data")})
    report = json.loads(done.stdout)
    assert (report["taken"], report["duplicates"], report["images"]) == (7, 1, 8), done.stdout + done.stderr
    rows = {row["original_name"]: row for row in all_images(client)}
    twice = rows.pop("twice.png")
    assert len(rows) == 8 and "same bytes" in twice["error"]
    assert client.delete(f"/api/images/{twice['id']}").status == 204 and client.delete(f"/api/images/{rows['new.png']['id']}").status == 204
    assert not [note for note in client.fetch("/api/status")["notes"] if "original" in note["title"]]
    done = client.fetch(f"/api/images/{original.rows['done']}")
    assert done["analysis"]["ndvi"]["mean"] == pytest.approx(0.612) and done["analysis"]["summary"] == "Looks good", "its row is the original's"
    for name in ("waiting", "stuck"):
        assert ended(client, original.rows[name])["processing_status"] == "completed"
    original.sql("SELECT id, filename, processing_status, uploaded_at, processed_at FROM images WHERE processing_status = 'completed' ORDER BY processed_at DESC NULLS LAST LIMIT 5")


def test_a_database_that_cannot_be_taken_over_is_refused_in_words(vedette, postgres, tmp_path):
    target = {"VEDETTE_DATA": str(tmp_path / "data")}
    empty = vedette("import", "fields", postgres.new_database(), environment=target)
    assert empty.returncode == 1 and "no table public.images" in empty.stderr
    nothing = vedette("import", "fields", tmp_path / "nowhere", environment=target)
    assert nothing.returncode == 2 and "neither postgresql://" in nothing.stderr
    assert not (tmp_path / "data/vedette.db").exists()
    with_view = postgres.new_database()
    postgres.sql(SCHEMA + "CREATE VIEW recent AS SELECT filename, uploaded_at FROM images;", with_view.rpartition("/")[2])
    refused = vedette("db", "migrate", "--database", with_view, environment=target)
    assert refused.returncode == 1 and "Drop the view" in refused.stderr.splitlines()[-1]


def test_a_folder_of_pictures_becomes_images(vedette, serve, tmp_path):
    pictures = tmp_path / "flight/day 1"
    pictures.mkdir(parents=True)
    for number in range(3):
        (pictures / f"{number}.PNG").write_bytes(png(number))
    (pictures / "again.png").write_bytes(png(0))
    (pictures / "notes.txt").write_text("no picture")
    (pictures / "broken.png").write_bytes(b"no picture either")
    database = f"sqlite:{tmp_path / 'vedette.db'}"
    done = vedette("import", "fields", pictures.parent, "--json", environment={"VEDETTE_DATABASE_URL": database, "VEDETTE_DATA": str(tmp_path / "data")})
    report = json.loads(done.stdout)
    assert done.returncode == 3 and (report["images"], report["taken"], report["duplicates"]) == (5, 3, 1) and "broken.png" in report["problems"][0]
    client = serve(database).client
    assert sorted(row["original_name"] for row in all_images(client)) == ["0.PNG", "1.PNG", "2.PNG"]
    assert all(ended(client, row["id"])["processing_status"] == "completed" for row in all_images(client))


def test_a_drone_posts_where_it_is(serve, database):
    client = serve(database).client
    assert client.fetch("/api/telemetry") == {"position": None, "route": [], "geofence": []}
    route = [{"lat": 43.1, "lng": -79.2, "altitude": 90}, {"lat": 0, "lng": 0}]
    for _ in range(2):
        told = client.post("/api/telemetry", {"position": {"lat": 0, "lng": -79.2, "altitude": 100.5}, "route": route, "geofence": [{"lat": 1, "lng": 2}, {"lat": 3, "lng": 4}, {"lat": -5, "lng": 6}]})
        assert told.status == 200 and len(told.json()["route"]) == 2, "a route replaces the one before"
    now = client.post("/api/telemetry", {"position": {"latitude": -12.5, "longitude": 13}, "battery": 80}).json()
    assert now["position"] == {"lat": -12.5, "lng": 13, "altitude": None} and len(now["route"]) == 3 and now["route"][2] == now["position"] and len(now["geofence"]) == 3
    assert client.fetch("/api/telemetry") == now
    for wrong in ({"position": {"lat": 91, "lng": 0}}, {"position": 5}, {"route": {"lat": 1}}, {"route": [1]}, {"geofence": [{"lat": 1, "lng": 2}]}):
        refused = client.post("/api/telemetry", wrong)
        assert refused.status == 400 and refused.json()["message"], wrong
    long = [{"lat": 1, "lng": number / 1000} for number in range(5000)]
    client.post("/api/telemetry", {"route": long})
    now = client.post("/api/telemetry", {"position": {"lat": 2, "lng": 2}}).json()
    assert len(now["route"]) == 5000 and now["route"][0]["lng"] == 0.001 and now["route"][-1]["lat"] == 2


def test_the_capture_scripts_post_unchanged(serve, tmp_path):
    """As requests sends it: files={'image': (name, file, 'image/jpeg')}, data={'gps': json.dumps(...)}."""
    server = serve()
    client = server.client
    assert client.get("/api/health").json()["status"] == "ok" and client.fetch("/api/health")["database"] == "connected"
    picture = tmp_path / "waypoint_3_20251127_101500.jpg"
    picture.write_bytes(png(5))
    gps = {"latitude": 43.6532, "longitude": -79.3832, "altitude": 100.0, "accuracy": 2.5, "bearing": 90.0, "speed": 4.2, "timestamp": 1764238500123}
    sent = subprocess.run(["curl", "-sS", "--max-time", "30", "-F", f"image=@{picture};type=image/jpeg", "-F", f"gps={json.dumps(gps)}", f"{client.url}/api/upload"], capture_output=True, text=True, check=True)
    answer = json.loads(sent.stdout)
    assert answer["processing_status"] == "uploaded" and answer["id"] and answer["filename"] and answer["message"] and answer["s3_stored"] is False
    assert (answer["gps"]["latitude"], answer["gps"]["longitude"], answer["gps"]["altitude"]) == (43.6532, -79.3832, 100.0)
    image = ended(client, answer["id"])
    assert image["gps"]["heading"] == 90.0 and image["gps"]["speed"] == 4.2
    # The Node server's page: the same form without gps, then "Process Now".
    assert client.post(f"/api/images/{answer['id']}/process").json()["processingStatus"] in ("uploaded", "processing", "completed")
    assert ended(client, answer["id"])["processing_status"] == "completed"
    rows = client.fetch("/api/data")
    assert [row["id"] for row in rows] == [answer["id"]] and rows[0]["latitude"] == 43.6532
    assert client.fetch("/api/ml/status")["model_available"] is False and client.fetch("/api/ml/recent?limit=10")["count"] == 0


def test_an_env_of_the_original_has_its_effect(vedette, tmp_path):
    environment = {"UPLOAD_FOLDER": "/srv/uploads", "PROCESSED_FOLDER": "/srv/processed", "WORKER_BATCH_SIZE": "1", "WORKER_POLL_INTERVAL": "10", "VEDETTE_DATA": str(tmp_path)}
    told = json.loads(vedette("config", "--json", environment=environment).stdout)
    values = {one["name"]: one["value"] for one in told["settings"]}
    assert (values["imagery.upload_folder"], values["imagery.processed_folder"], str(values["imagery.workers"])) == ("/srv/uploads", "/srv/processed", "1")


def test_indices_of_ones_own_are_settings(serve, vedette, tmp_path):
    server = serve(environment={"VEDETTE_IMAGERY_INDICES": "leafy = (G - R) / (G + R + B); -1..1, most = max(G, R); 0..300"})
    client = server.client
    own = [one for one in client.fetch("/api/imagery")["indices"] if one["is_own"]]
    assert [(one["name"], one["formula"]) for one in own] == [("leafy", "(G - R) / (G + R + B)"), ("most", "max(G, R)")]
    image = ended(client, upload(client, ("field.png", png(1))).json()["id"])
    assert {"leafy", "most"} <= set(image["result"]["indices"]) and "leafy.tif" in {one["name"] for one in image["products"]}
    for text, word in (("leafy = (G - ", "leafy"), ("ndvi = N - R", "built-in"), ("a = G, a = R", "two indices")):
        wrong = vedette("serve", "--listen", "127.0.0.1:0", environment={"VEDETTE_IMAGERY_INDICES": text, "VEDETTE_DATA": str(tmp_path / "none")})
        assert wrong.returncode == 2 and "imagery.indices" in wrong.stderr and word in wrong.stderr, wrong.stderr
