from __future__ import annotations

import pytest
from page_visitor import Visitor

from cleanplate.errors import BadInput
from cleanplate.web.guard import HEADERS
from cleanplate.web.server import checked_token

TOKEN = "correct horse battery"


def test_a_visitor_is_known_by_a_cookie_that_nobody_else_can_read(serve):
    visitor = Visitor(serve(), enters=False)
    cookie = visitor.ask("GET", "/").headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/" in cookie
    assert "Max-Age=86400" in cookie  # closed and opened again, the browser finds its jobs
    assert visitor.ask("GET", "/api/state").status == 200
    assert visitor.ask("GET", "/").headers["set-cookie"] == cookie  # a reload is no new visitor
    visitor.cookies = dict.fromkeys(visitor.cookies, "guessed")
    assert visitor.ask("GET", "/api/state").status == 401


@pytest.mark.parametrize("path", ["/", "/api/state", "/assets/page.js", "/nowhere", "/api/clips/x"])
def test_every_answer_tells_the_browser_to_keep_to_the_page(serve, path):
    answer = Visitor(serve()).ask("GET", path)
    for name, value in HEADERS.items():
        assert answer.headers[name.lower()] == value
    assert "server" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_foreign_name_that_leads_here_is_refused(serve, host):
    visitor = Visitor(serve())
    assert visitor.ask("GET", "/api/state", Host=host or "0").status == 403
    assert visitor.ask("GET", "/api/state", Host="localhost:1234").status == 200


def test_a_foreign_page_cannot_have_anything_done(serve):
    visitor = Visitor(serve())
    asked = ("POST", "/api/clips?name=x.mp4", b"x")
    answer = visitor.ask(*asked, X_Cleanplate="", Origin="http://evil.example")
    assert answer.status == 403
    assert visitor.state()["clips"] == []
    preflight = visitor.ask("OPTIONS", "/api/clips", X_Cleanplate="")
    assert "access-control-allow-origin" not in preflight.headers


def test_with_a_token_nothing_is_told_without_it(serve):
    address = serve(token=TOKEN)
    assert address.endswith(f"/?token={TOKEN}")
    stranger = Visitor(address, enters=False)
    for path in ("/", "/api/state", "/?token=wrong", "/nowhere", "/?token="):
        answer = stranger.ask("GET", path)
        assert answer.status == 403
        assert "visitor" not in answer.headers.get("set-cookie", "")
    assert b"Enter it to come in" in stranger.ask("GET", "/").body
    assert stranger.ask("POST", "/api/clips?name=x", b"x").status == 403
    assert stranger.ask("GET", "/assets/page.css").status == 200  # what the door is drawn with


@pytest.mark.parametrize("way", ["address", "form"])
def test_the_token_lets_in_and_does_not_stay_in_the_address(serve, way):
    visitor = Visitor(serve(token="correct-horse-battery"), enters=False)
    if way == "address":
        answer = visitor.ask("GET", "/?token=correct-horse-battery")
    else:
        form = {"Content_Type": "application/x-www-form-urlencoded", "X_Cleanplate": ""}
        answer = visitor.ask("POST", "/enter", "token=correct-horse-battery", **form)
    assert answer.status == 303 and answer.headers["location"] == "/"
    assert visitor.ask("GET", "/").status == 200
    assert visitor.ask("GET", "/api/state").status == 200


def test_the_form_at_the_door_takes_no_more_than_a_token(serve):
    visitor = Visitor(serve(token=TOKEN), enters=False)
    assert visitor.ask("POST", "/enter", b"token=" + b"x" * 5000).status == 403
    assert visitor.ask("POST", "/enter", b"\xff\xfe").status == 403


def test_others_than_this_machine_need_a_token_made_up_if_none_is_given():
    assert checked_token(None, local=True) is None
    made = {checked_token(None, local=False) for _ in range(2)}
    assert len(made) == 2 and min(map(len, made)) >= 32
    assert checked_token(TOKEN, local=True) == checked_token(TOKEN, local=False) == TOKEN
    with pytest.raises(BadInput, match="at least 12 characters"):
        checked_token("short", local=True)


def test_an_address_of_others_is_served_with_a_token(serve):
    address = serve(host="0.0.0.0")
    assert "?token=" in address
    stranger = Visitor(address.replace("0.0.0.0", "127.0.0.1"), enters=False)
    assert stranger.ask("GET", "/", Host="any.name").status == 403
