"""Server-sent events: what changes is told, and a client that comes back misses nothing or is told to read again."""
import json
import sqlite3


def test_a_client_that_comes_back_goes_on_where_it_was(serve):
    client = serve().client
    with client.stream("/api/events?topics=cameras"):  # somebody listens all the time: nothing is left untold
        with client.stream("/api/events?topics=cameras") as events:
            client.post("/api/cameras", {"name": "First", "source": "x.mp4", "enabled": False})
            last = events.event_named("cameras").id
        assert last
        client.post("/api/cameras", {"name": "Second", "source": "x.mp4", "enabled": False})
        with client.stream("/api/events?topics=cameras", {"Last-Event-ID": last}) as events:
            assert events.event().name == "cameras"


def test_what_happened_while_nobody_listened_is_never_passed_over_in_silence(serve, tmp_path):
    server = serve()
    client = server.client
    with client.stream("/api/events?topics=cameras,crossing") as events:
        client.post("/api/cameras", {"name": "First", "source": "x.mp4", "enabled": False})
        last = events.event_named("cameras").id
    # Another process stores it; the server here is told by its own look at the file.
    with sqlite3.connect(tmp_path / "data" / "vedette.db", timeout=20) as store:
        store.execute("INSERT INTO crossings (camera_id, line_id, track_id, direction, vehicle_type, crossed_at, x, y, frame) "
                      "VALUES ('first', 'line', 1, 'a_to_b', 'car', 1764000000000000, 1, 1, 1)")
    store.close()
    with client.stream("/api/events?topics=crossing", {"Last-Event-ID": last}) as events:
        # Told, or told to read everything again: which of the two depends on who was first.
        assert events.event().name in ("crossing", "reset", "resync")


def test_an_unknown_last_id_means_read_everything_again(serve):
    client = serve().client
    with client.stream("/api/events", {"Last-Event-ID": "from-another-life"}) as events:
        events.event_named("reset")


def test_unknown_topics_are_refused(serve):
    with serve().client.stream("/api/events?topics=nonsense") as answer:
        assert answer.status == 400


def test_every_subscriber_hears_a_change(serve):
    client = serve().client
    streams = [client.stream("/api/events?topics=cameras") for _ in range(20)]
    try:
        client.post("/api/cameras", {"name": "First", "source": "x.mp4", "enabled": False})
        assert all(stream.event_named("cameras") for stream in streams)
    finally:
        for stream in streams:
            stream.close()


def test_a_crossing_whose_commit_was_overtaken_is_told(serve, postgres):
    """PostgreSQL gives ids before the commit: what is stored for one camera may become visible after another's later ids."""
    url = postgres.new_database()
    name = url.rpartition("/")[2]
    client = serve(url).client

    def stored(camera: str) -> str:
        return ("INSERT INTO mart.crossings (camera_id, line_id, track_id, direction, vehicle_type, crossed_at, x, y, frame) "
                f"VALUES ('{camera}', 'line', 1, 'a_to_b', 'car', now(), 1, 1, 1)")

    def told(camera: str) -> str:
        return f"SELECT pg_notify('vedette', E'traffic\\n{camera}')"

    for camera in ("Early", "Late"):
        client.post("/api/cameras", {"name": camera, "source": "x.mp4", "enabled": False})
    with client.stream("/api/events?topics=camera,crossing") as events:
        # From its first look at a camera on the server tells what is new.
        for camera in ("early", "late"):
            postgres.sql(told(camera), name)
            assert json.loads(events.event_named("camera").data)["id"] == camera
        with postgres.transaction(name) as early:
            early.run(stored("early"))
            postgres.sql(f"{stored('late')}; {told('late')}", name)
            assert json.loads(events.event_named("crossing").data)["camera_id"] == "late"
            early.run(told("early"))
        assert json.loads(events.event_named("crossing").data)["camera_id"] == "early"
