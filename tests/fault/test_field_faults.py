"""Images of fields, and the plug pulled at any moment: each is completed once or failed with its reason, every product is there,
and nothing is left over.

By hand, for an hour: VEDETTE_FIELD_IMAGES=2000, with as many kills as it takes."""
import http.client
import json
import os
import random
import threading
import time

import pytest

from harness.images import all_images, broken, named, png, stored, upload
from harness.wait import wait_until

COUNT = int(os.environ.get("VEDETTE_FIELD_IMAGES", "60"))
CLIENTS, WORKERS = (10, 4) if COUNT >= 1000 else (4, 3)
KILLS = COUNT if COUNT >= 1000 else 15
QUICK = {"VEDETTE_LEASE_TTL": "3s"}
SWEPT = {"VEDETTE_IMAGERY_SWEEP_EVERY": "1s", "VEDETTE_IMAGERY_SWEEP_AGE": "1s"}


@pytest.mark.timeout(600 + 2 * COUNT)
def test_killed_again_and_again(serve, database, store, tmp_path):
    environment = store.environment | QUICK
    api = serve(database, ("--roles", "api"), environment, tmp_path / "api")
    workers = [serve(database, ("--roles", "work,keep"), environment, tmp_path / f"worker{i}", wait=False, listen=False) for i in range(WORKERS)]
    pictures = [broken(i) if i % 20 == 0 else png(i) for i in range(COUNT)]
    chance = random.Random(8)

    def send(share):
        for i in share:
            wait_until("it is taken in", lambda i=i: upload(api.client, (f"{i}.png", pictures[i])).status == 200, 60)
    clients = [threading.Thread(target=send, args=(range(start, COUNT, CLIENTS),)) for start in range(CLIENTS)]
    for client in clients:
        client.start()

    def is_done():
        rows = all_images(api.client)
        return len(rows) == COUNT and all(row["processing_status"] in ("completed", "failed") for row in rows)
    deadline, kills = time.monotonic() + 300 + 2 * COUNT, 0
    while not is_done():
        assert time.monotonic() < deadline, [row for row in all_images(api.client) if row["processing_status"] not in ("completed", "failed")][:3]
        if kills < KILLS:
            victim = chance.choice(workers)
            victim.kill()
            victim.start(wait=False)
            kills += 1
        try:
            wait_until("a second has passed, or all is done", is_done, 1)
        except AssertionError:
            continue
    for client in clients:
        client.join()
    for worker in workers:
        worker.kill()
    rows = all_images(api.client)
    assert len({row["original_name"] for row in rows}) == COUNT
    for row in rows:
        is_broken = int(row["original_name"].removesuffix(".png")) % 20 == 0
        assert row["processing_status"] == ("failed" if is_broken else "completed"), row
        assert bool(row["error"]) == is_broken
    serve(database, ("--roles", "keep"), store.environment | SWEPT, tmp_path / "keeper", wait=False, listen=False)
    wait_until("every product is there, and nothing else", lambda: stored(store.keys()) == named(api.client), 60 + COUNT / 4)


@pytest.mark.timeout(300)
def test_removed_and_retried_at_every_moment(serve, database, store, tmp_path):
    """However far each is: no product without a row, no row without its product."""
    server = serve(database, environment=store.environment | QUICK | SWEPT | {"VEDETTE_IMAGERY_SWEEP_AGE": "20s"})
    client, chance = server.client, random.Random(9)
    ids = [upload(client, (f"{i}.png", png(i))).json()["id"] for i in range(30)]
    for _ in range(120):
        image = chance.choice(ids)
        verb = chance.choice(("retry", "cancel", "cancel", "delete"))
        answer = client.delete(f"/api/images/{image}") if verb == "delete" else client.post(f"/api/images/{image}/{verb}")
        assert answer.status in (202, 204, 404, 409), (verb, answer.body)
        if verb == "delete" and answer.status == 204 and len(ids) > 8:
            ids.remove(image)
    for image in ids:
        client.post(f"/api/images/{image}/retry")
    wait_until("all is at rest", lambda: all(row["processing_status"] in ("completed", "failed") for row in all_images(client)), 120)
    wait_until("what rows name is there, and nothing else", lambda: stored(store.keys()) == named(client), 60)
    for row in all_images(client):
        if row["processing_status"] == "completed":
            for product in client.fetch(f"/api/images/{row['id']}")["products"]:
                assert len(client.get(product["href"]).body) == product["size"]


@pytest.mark.timeout(300)
def test_s3_away_in_the_middle(serve, database, bucket_server, tmp_path):
    """Images wait and say why; when the bucket is back they are done, with nothing counted against them."""
    environment = bucket_server.new_bucket() | {"VEDETTE_BLOB_RETRIES": "0", "VEDETTE_BLOB_TIMEOUT": "2s"}
    client = serve(database, environment=environment).client
    assert client.post("/api/jobs/kinds/analyze-image/pause").status in (200, 202, 204)
    ids = [upload(client, (f"{i}.png", png(i))).json()["id"] for i in range(4)]
    bucket_server.stop()
    try:
        assert client.post("/api/jobs/kinds/analyze-image/resume").status in (200, 202, 204)
        waiting = wait_until("one says why it waits", lambda: next((row for row in all_images(client) if row["error"]), None), 60)
        assert waiting["processing_status"] in ("uploaded", "processing")
        refused = wait_until("uploads are refused meanwhile", lambda: (answer := upload(client, ("new.png", png(99)))).status == 503 and answer, 30)
        assert refused.json()["message"]
    finally:
        bucket_server.start()
    done = wait_until("all are completed", lambda: (rows := all_images(client)) and all(row["processing_status"] == "completed" for row in rows) and rows, 120)
    assert {row["id"] for row in done} == set(ids) and all(row["error"] is None for row in done)
    assert all(client.fetch(f"/api/images/{image}")["job_status"]["failures"] == 0 for image in ids)


@pytest.mark.timeout(300)
def test_s3_away_in_the_middle_of_an_upload(serve, bucket_server):
    """It is refused with the reason, nothing stays, and the next try is taken."""
    bucket = bucket_server.new_bucket()
    client = serve(environment=bucket | SWEPT | {"VEDETTE_BLOB_RETRIES": "0", "VEDETTE_BLOB_TIMEOUT": "2s"}).client
    picture = png(1) + bytes(24 << 20)  # what stands behind a picture is not looked at

    def halves():
        yield picture[:len(picture) // 2]
        bucket_server.stop()
        yield picture[len(picture) // 2:]
    connection = http.client.HTTPConnection(client.host, client.port, timeout=60)
    try:
        try:
            connection.request("PUT", "/api/images/field.png", halves(), {"Content-Length": str(len(picture))})
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was refused before all of it was sent
        answer = connection.getresponse()
        told = json.loads(answer.read())
    finally:
        connection.close()
        bucket_server.start()
    assert answer.status == 503 and "'field.png' could not be stored in" in told["message"], told
    assert all_images(client) == []
    taken = wait_until("it is taken", lambda: (one := client.request("PUT", "/api/images/field.png", picture)).status == 201 and one, 60).json()
    wait_until("it is completed", lambda: client.fetch(f"/api/images/{taken['id']}")["processing_status"] == "completed", 60)
    wait_until("nothing else is there", lambda: stored(bucket_server.keys(bucket["VEDETTE_BLOB_BUCKET"])) == named(client), 60)


@pytest.mark.timeout(300)
def test_postgresql_restarted_in_the_middle(serve, own_postgres, tmp_path):
    client = serve(own_postgres.new_database(), environment=QUICK).client
    ids = [upload(client, (f"{i}.png", png(i))).json()["id"] for i in range(20)]
    own_postgres.stop()
    own_postgres.start()
    done = wait_until("all are completed", lambda: (rows := all_images(client)) and all(row["processing_status"] == "completed" for row in rows) and rows, 120)
    assert {row["id"] for row in done} == set(ids)
