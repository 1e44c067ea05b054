"""Server-sent events: what changes is told, and a client that comes back misses nothing or is told to read again."""


def test_a_client_that_comes_back_goes_on_where_it_was(serve):
    client = serve().client
    with client.stream("/api/events?topics=cameras") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        client.post("/api/cameras", {"name": "First", "source": "x.mp4", "enabled": False})
        last = events.event_named("cameras").id
    assert last
    client.post("/api/cameras", {"name": "Second", "source": "x.mp4", "enabled": False})
    with client.stream("/api/events?topics=cameras", {"Last-Event-ID": last}) as events:
        assert events.event().name in ("cameras", "reset")


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
