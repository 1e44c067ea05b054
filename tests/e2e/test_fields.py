"""Images of fields: from an upload to figures and pictures, over a real server on both databases, a folder and a real S3."""
import concurrent.futures
import hashlib
import json
import pathlib

import pytest

from harness.images import BOUNDARY, all_images, broken, ended, form, named, png, stored, upload, upload_file
from harness.wait import stays_true, wait_until

QUICK = {"VEDETTE_IMAGERY_SWEEP_EVERY": "1s", "VEDETTE_IMAGERY_SWEEP_AGE": "1s"}


def test_an_upload_becomes_figures_and_pictures_and_goes_without_a_trace(serve, database, store):
    client = serve(database, environment=store.environment).client
    content = png(1)
    answer = upload(client, ("field.png", content), gps=json.dumps({"latitude": 0, "longitude": -83.5, "timestamp": 1794758400123}))
    assert answer.status == 200
    sent = answer.json()
    assert sent["processing_status"] == "uploaded" and sent["gps"]["latitude"] == 0 and sent["s3_stored"] == ("VEDETTE_BLOB_BUCKET" in store.environment)
    image = ended(client, sent["id"])
    assert image["processing_status"] == "completed" and image["error"] is None
    assert (image["width"], image["height"], image["mime_type"]) == (96, 64, "image/png")
    assert image["analysis"]["ndvi"] is None and image["analysis"]["main_index"], "no near infrared: nothing is invented, and other indices are there"
    assert any(one["index"] == "ndvi" for one in image["result"]["not_computed"]) and image["analysis"]["summary"]
    assert image["gps"]["longitude"] == -83.5 and image["job_status"]["state"] == "completed"
    kinds = {product["kind"] for product in image["products"]}
    assert {"preview", "index_png", "index_cog"} <= kinds
    for product in image["products"]:
        got = client.get(product["href"])
        assert got.status == 200 and len(got.body) == product["size"] and got.headers["content-type"].startswith(product["content_type"]), product
        assert client.get(product["href"], headers={"If-None-Match": got.headers["etag"]}).status == 304
    assert client.get(image["preview"]).status == 200
    original = client.get(image["original"])
    assert original.body == content and "field.png" in original.headers["content-disposition"]
    assert client.get(image["path"]).body == content
    for path in (image["original"], image["preview"], image["path"], image["products"][0]["href"]):
        assert client.get(path, headers={"Range": "bytes=0-9"}).status == 206
        assert client.get(path, headers={"Range": "bytes=99999999-"}).status == 416
    assert stored(store.keys()) == named(client)
    assert client.delete(f"/api/images/{sent['id']}").status == 204
    assert client.get(f"/api/images/{sent['id']}").status == 404
    assert stored(store.keys()) == set()


def test_one_bad_file_does_not_hold_up_the_others_and_says_why(serve, database):
    client = serve(database).client
    answer = upload(client, ("good.png", png(1)), ("notes.png", b"no picture at all"), ("cut.jpg", broken()), ("good2.png", png(2)))
    assert answer.status == 200
    body = answer.json()
    assert [one["name"] for one in body["refused"]] == ["notes.png"] and len(body["images"]) == 3
    images = {row["original_name"]: ended(client, row["id"]) for row in body["images"]}
    assert images["good.png"]["processing_status"] == images["good2.png"]["processing_status"] == "completed"
    failed = images["cut.jpg"]
    assert failed["processing_status"] == "failed" and failed["error"] and "/" not in failed["error"] and failed["job_status"]["state"] == "discarded"
    preview = client.get(f"/api/images/{failed['id']}/preview")
    assert preview.status == 404 and failed["error"] in preview.json()["error"]["message"]
    assert client.post(f"/api/images/{failed['id']}/retry").status == 202
    assert ended(client, failed["id"])["processing_status"] == "failed"


def test_near_infrared_is_used_where_it_is_and_bands_are_the_users_word(serve, database, sample):
    client = serve(database).client
    image = ended(client, upload_file(client, sample("imagery/landsat7_6band.tif")))
    assert image["processing_status"] == "completed" and image["analysis"]["ndvi"] is None, "which of six bands is which, it does not say"
    assert client.put(f"/api/images/{image['id']}/bands", {"sensor": "landsat7"}).status == 202
    image = ended(client, image["id"])
    assert image["analysis"]["ndvi"]["mean"] == pytest.approx(-0.0643, abs=5e-4)
    assert image["result"]["indices"]["ndvi"]["mean"] == pytest.approx(-0.0643, abs=1e-4)
    assert "ndvi.tif" in {product["name"] for product in image["products"]}


def test_the_bands_of_a_shot_are_one_image(serve, database, store, sample):
    """A camera with a file for each band: five files, one image, in whatever order they come; another shot is another image."""
    client = serve(database, environment=store.environment).client
    files = [sample(f"imagery/rededge-0000SET/IMG_{shot}_{band}.tif") for band in (3, 1, 5, 2, 4) for shot in ("0000", "0001")]
    answer = upload(client, *((file.name, file.read_bytes()) for file in files))
    assert answer.status == 200 and len(answer.json()["images"]) == 10

    def shots():
        rows = all_images(client)
        return len(rows) == 2 and all(row["files"] == 5 and row["processing_status"] == "completed" for row in rows) and rows
    one, other = wait_until("both shots are whole", shots, 120)
    assert set(one["bands"]) == {"blue", "green", "red", "red edge", "near infrared"} and one["analysis"]["ndvi"]["mean"] is not None
    assert client.fetch("/api/images?cursor=")["counts"]["total"] == 2
    assert client.delete(f"/api/images/{one['id']}").status == 204
    assert [row["id"] for row in all_images(client)] == [other["id"]]
    wait_until("its five files are gone with it", lambda: sum(key.startswith("fields/images/") for key in store.keys()) == 5)


def test_a_drones_photo_says_where_it_was_taken(serve, sample):
    client = serve().client
    image = ended(client, upload_file(client, sample("imagery/agung_DJI_0396_blurred.jpg")))
    assert image["processing_status"] == "completed"
    assert image["gps"]["latitude"] == pytest.approx(-8.30396, abs=1e-5) and image["gps"]["source"] == "exif"
    assert image["gps"]["altitude"] is None, "it has none: absent is not 0"


def test_ten_clients_with_the_same_file_are_one_image_one_job_one_object(serve, database, store):
    client = serve(database, environment=store.environment).client
    content = png(7, 400, 300)
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda i: upload(client, (f"copy{i}.png", content)), range(10)))
    assert [answer.status for answer in answers] == [200] * 10
    assert len({answer.json()["id"] for answer in answers}) == 1 and sum(not answer.json()["duplicate"] for answer in answers) == 1
    image = ended(client, answers[0].json()["id"])
    assert image["processing_status"] == "completed" and len(all_images(client)) == 1
    assert len(client.fetch("/api/jobs?kind=analyze-image")["jobs"]) == 1
    wait_until("the other copies are gone", lambda: stored(store.keys()) == named(client))
    known = client.post("/api/images/check", {"sha256": [hashlib.sha256(content).hexdigest(), "0" * 64]}).json()["known"]
    assert [one["id"] for one in known] == [image["id"]]
    assert client.put("/api/images/again.png", content, headers={"Content-Type": "image/png"}).status == 200
    assert client.put("/api/images/new.png", png(8), headers={"Content-Type": "image/png"}).status == 201
    assert upload(client, ("new.png", png(8)), path="/api/images").json()["duplicate"]


def test_an_upload_goes_on_where_it_was_interrupted(serve, database, store, tmp_path):
    """tus 1.0: parts to one process and the next, the server killed in between; what came before the line broke is kept."""
    server = serve(database, environment=store.environment)
    client, content = server.client, png(5, 300, 200)
    tus = {"Tus-Resumable": "1.0.0"}
    at = client.post("/api/uploads", headers={**tus, "Upload-Length": str(len(content)), "Upload-Metadata": "filename ZmllbGQucG5n"}).headers["location"]

    def send(where, offset, part):
        return where.patch(at, part, headers={**tus, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})
    assert send(client, 0, content[:1000]).headers["upload-offset"] == "1000"
    with client.raw() as connection:
        connection.sendall(f"PATCH {at} HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 1000\r\nContent-Type: "
                           f"application/offset+octet-stream\r\nContent-Length: {len(content) - 1000}\r\n\r\n".encode() + content[1000:21000])
    offset = wait_until("what came is kept", lambda: (found := client.fetch(at)["offset"]) > 1000 and found)
    assert offset == 21000
    server.kill()
    other = serve(database, environment=store.environment, data=tmp_path / "other").client
    head = other.request("HEAD", at)
    assert head.status == 200 and head.headers["upload-offset"] == "21000" and head.headers["upload-length"] == str(len(content))
    assert send(other, 5, content[5:]).status == 409
    assert other.patch(at, content[21000:], headers={"Upload-Offset": "21000", "Content-Type": "application/offset+octet-stream"}).status == 412
    last = send(other, 21000, content[21000:])
    assert last.status == 204
    image = ended(other, last.headers["vedette-image"])
    assert image["processing_status"] == "completed" and image["sha256"] == hashlib.sha256(content).hexdigest() and image["original_name"] == "field.png"
    assert stored(store.keys()) == named(other), "the parts are gone"
    gone = other.post("/api/uploads", headers={**tus, "Upload-Length": "10"})
    for method in ("POST", "DELETE"):
        where = "/api/uploads" if method == "POST" else gone.headers["location"]
        assert other.request(method, where, headers={"Upload-Length": "10"}).status == 412
    assert other.delete(gone.headers["location"], headers=tus).status == 204
    assert other.get(gone.headers["location"]).status == 404


def test_a_client_that_goes_away_leaves_nothing(serve, folder_store):
    client = serve(environment=folder_store.environment).client
    content = b"\x89PNG\r\n\x1a\n" + bytes(3_000_000)
    whole = form([("field.png", content)])
    for share in (0.02, 0.5, 0.99):
        with client.raw() as connection:
            head = (f"POST /api/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
                    f"Content-Length: {len(whole)}\r\n\r\n")
            connection.sendall(head.encode() + whole[:int(len(whole) * share)])
            wait_until("it is being stored", lambda: folder_store.keys())
        wait_until("nothing is left", lambda: not folder_store.keys())
    stays_true("there is no image", lambda: all_images(client) == [], 0.5)


def test_while_the_database_is_down_uploads_are_refused_at_once_and_nothing_is_left(serve, own_postgres, folder_store):
    client = serve(own_postgres.new_database(), environment=folder_store.environment).client
    own_postgres.stop()
    refused = wait_until("it is refused", lambda: (answer := upload(client, ("a.png", png(1)))).status == 503 and answer)
    assert refused.json()["error"]["code"] == "unavailable" and refused.json()["message"]
    assert client.put("/api/images/a.png", png(1), headers={"Content-Type": "image/png"}).status == 503
    assert folder_store.keys() == set()
    own_postgres.start()
    image = wait_until("it is taken again", lambda: (answer := upload(client, ("a.png", png(1)))).status == 200 and answer).json()["id"]
    assert ended(client, image)["processing_status"] == "completed"


def test_while_the_workers_are_down_images_are_taken_and_worked_on_when_they_come(serve, database, folder_store, tmp_path):
    client = serve(database, ("--roles", "api"), folder_store.environment, tmp_path / "api").client
    images = [upload(client, (f"{i}.png", png(i))).json()["id"] for i in range(5)]
    stays_true("they wait", lambda: {row["processing_status"] for row in all_images(client)} == {"uploaded"}, 1)
    serve(database, ("--roles", "work"), folder_store.environment, tmp_path / "work", listen=False, wait=False)
    assert {ended(client, image)["processing_status"] for image in images} == {"completed"}


def test_what_is_cancelled_retried_and_removed_is_so_whoever_looks(serve, database, folder_store):
    client = serve(database, environment=folder_store.environment).client
    assert client.post("/api/jobs/kinds/analyze-image/pause").status in (200, 202, 204)
    waiting, gone = (upload(client, (f"{i}.png", png(i))).json()["id"] for i in range(2))
    assert client.post(f"/api/images/{waiting}/retry").status == 409
    assert client.put(f"/api/images/{waiting}/bands", {"sensor": "landsat7"}).status == 409
    cancelled = client.post(f"/api/images/{waiting}/cancel")
    assert cancelled.status == 202 and cancelled.json()["processing_status"] == "failed"
    assert client.post(f"/api/images/{waiting}/cancel").status == 409
    # From the Operations page the image hears of it too.
    assert client.post(f"/api/images/{waiting}/retry").json()["processing_status"] == "uploaded"
    job = client.fetch(f"/api/images/{waiting}")["job"]
    assert client.post(f"/api/jobs/{job}/cancel").status == 202
    assert client.fetch(f"/api/images/{waiting}")["processing_status"] == "failed"
    assert client.delete(f"/api/images/{gone}").status == 204
    assert client.post("/api/jobs/kinds/analyze-image/resume").status in (200, 202, 204)
    assert client.post(f"/api/images/{waiting}/retry").status == 202
    assert ended(client, waiting)["processing_status"] == "completed"
    assert stored(folder_store.keys()) == named(client) and len(all_images(client)) == 1


def test_missions_hold_images_and_leave_them(serve, database):
    client = serve(database).client
    mission = client.post("/api/missions", {"name": "North field", "description": "wheat"}).json()["id"]
    image = upload(client, ("a.png", png(1)), mission=mission).json()["id"]
    assert [row["id"] for row in client.fetch(f"/api/images?mission={mission}")["images"]] == [image]
    ended(client, image)
    assert client.fetch("/api/missions")["missions"][0]["images"]["completed"] == 1
    assert client.put(f"/api/images/{image}/mission", {"mission": None}).json()["mission_id"] is None
    assert client.put(f"/api/images/{image}/mission", {"mission": mission}).status == 202
    assert client.put(f"/api/missions/{mission}", {"name": "South field"}).json()["name"] == "South field"
    assert client.fetch(f"/api/missions/{mission}")["name"] == "South field"
    assert client.delete(f"/api/missions/{mission}").status == 204
    assert client.fetch(f"/api/images/{image}")["mission_id"] is None


def test_pages_hear_of_every_change(serve, database):
    client = serve(database).client
    with client.stream("/api/events?topics=images") as stream:
        image = upload(client, ("a.png", png(1))).json()["id"]
        statuses = []
        while "completed" not in statuses:
            event = stream.event_named("images").json()
            statuses += [row["processing_status"] for row in event["images"] if row["id"] == image]
        assert event["counts"]["completed"] == 1 and event["counts"]["total"] == 1
        assert client.delete(f"/api/images/{image}").status == 204
        removed = []
        while image not in removed:
            removed += stream.event_named("images").json()["removed"]


def test_what_no_row_names_is_swept(serve, database, folder_store):
    server = serve(database, environment=folder_store.environment | QUICK)
    client = server.client
    image = ended(client, upload(client, ("a.png", png(1))).json()["id"])
    assert image["processing_status"] == "completed"
    blobs = pathlib.Path(server.environment["VEDETTE_BLOB_FOLDER"])
    for key in ("fields/images/2026/11/26/left.jpg", f"fields/products/{image['id']}/1-1-aa/ndvi.png"):
        file = blobs / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"left by a crash")
    wait_until("only what rows name is left", lambda: stored(folder_store.keys()) == named(client), 30)
    assert len(folder_store.keys()) == 1 + len(image["products"])


def test_clients_of_the_original_read_what_they_know(serve):
    """The fields that its page, its Flask client and its capture scripts read."""
    client = serve().client
    assert client.fetch("/api/images") == []
    sent = upload(client, ("capture_001.png", png(1)), gps=json.dumps({"latitude": 43.65, "longitude": -79.38, "altitude": 100.0, "accuracy": 5, "bearing": 90,
                                                                       "speed": 3, "timestamp": 1794758400123}))
    assert sent.status == 200
    body = sent.json()
    assert {"id", "filename", "path", "s3_url", "s3_stored", "processing_status", "message", "gps"} <= set(body)
    ended(client, body["id"])
    [record] = client.fetch("/api/images?limit=100")
    assert {"id", "filename", "originalName", "path", "s3Url", "s3Stored", "createdAt", "processedAt", "processingStatus", "gps", "analysis"} <= set(record)
    assert {"ndvi", "savi", "gndvi", "healthScore", "healthStatus", "summary", "analysisType", "modelVersion", "confidence", "processedImageUrl"} <= set(record["analysis"])
    assert client.fetch("/api/data")[0]["latitude"] == 43.65 and client.fetch(f"/api/data?image_id={body['id']}")[0]["id"] == body["id"]
    figures = client.fetch("/api/statistics")
    assert (figures["totalImages"], figures["analyzed"], figures["withGps"], figures["recentActivity"]) == (1, 1, 1, 1)
    page = client.fetch("/api/images?page=1&status=completed&hasAnalysis=true")
    assert page["pagination"]["total"] == 1 and page["items"][0]["id"] == body["id"]
    for path in ("/api/upload", "/api/images"):
        cut_off = client.post(path, form([("a.png", png(2))])[:-9], headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        assert cut_off.status == 422 and cut_off.json()["error"]["code"] == "corrupt"
    refused = upload(client)
    assert refused.status == 400 and "No image file provided" in refused.json()["message"]


def test_what_the_pipeline_takes_and_knows(serve):
    about = serve(environment={"VEDETTE_IMAGERY_MAX_IMAGE": "1MiB"}).client.fetch("/api/imagery")
    assert about["max_image_bytes"] == 1 << 20 and any(sensor["name"] == "landsat7" for sensor in about["sensors"])
    assert any(index["name"] == "ndvi" for index in about["indices"])
