"""Home Assistant's own API, as its pages use it: log-in, actions, states, events."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

TIMEOUT: Final = 60
"""Seconds that anything but a notification may take."""


class ApiError(Exception):
    """Home Assistant refused a request; the text is its own."""


class Subscription:
    """What Home Assistant reports from now on about one matter."""

    def __init__(self) -> None:
        """Begin empty."""
        self._waiting: asyncio.Queue[Any] = asyncio.Queue()

    def put(self, event: Any) -> None:
        """Take one report."""
        self._waiting.put_nowait(event)

    async def get(self) -> Any:
        """Wait for the next report."""
        return await self._waiting.get()

    @property
    def empty(self) -> bool:
        """Whether there is no report that was not read."""
        return self._waiting.empty()


class HomeAssistantApi:
    """One user's connection, for the length of an `async with` block."""

    def __init__(self, url: str) -> None:
        """Talk to the Home Assistant at `url`."""
        self.url = url
        self.client_id = f"{url}/"
        self.token: dict[str, Any] = {}
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._number = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._subscriptions: dict[int, Subscription] = {}

    async def __aenter__(self) -> Self:
        """Open the session; `create_owner` or `log_in` comes next."""
        self._session = aiohttp.ClientSession(self.url)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything."""
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader
        if self._socket is not None:
            await self._socket.close()
        if self._session is not None:
            await self._session.close()

    # Log-in

    async def create_owner(self, user: str, password: str) -> None:
        """Make the first account, as the page of the first start does."""
        reply = await self.post(
            "/api/onboarding/users",
            {
                "name": user.title(),
                "username": user,
                "password": password,
                "client_id": self.client_id,
                "language": "en",
            },
        )
        await self._use_code(reply["auth_code"])

    async def log_in(self, user: str, password: str) -> None:
        """Log in, as the log-in page does."""
        flow = await self.post(
            "/auth/login_flow",
            {
                "client_id": self.client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": self.client_id,
            },
        )
        reply = await self.post(
            f"/auth/login_flow/{flow['flow_id']}",
            {"client_id": self.client_id, "username": user, "password": password},
        )
        if reply["type"] != "create_entry":
            raise ApiError("Home Assistant refused the log-in")
        await self._use_code(reply["result"])

    async def _use_code(self, code: str) -> None:
        form = {
            "client_id": self.client_id,
            "grant_type": "authorization_code",
            "code": code,
        }
        assert self._session is not None
        async with self._session.post("/auth/token", data=form) as reply:
            self.token = await reply.json()
        await self._connect()

    # Requests

    async def get(self, path: str) -> Any:
        """GET a path; what it answers."""
        return await self._request("GET", path, None)

    async def post(self, path: str, content: Mapping[str, Any]) -> Any:
        """POST to a path; what it answers."""
        return await self._request("POST", path, content)

    async def delete(self, path: str) -> Any:
        """DELETE a path; what it answers."""
        return await self._request("DELETE", path, None)

    async def _request(
        self, method: str, path: str, content: Mapping[str, Any] | None
    ) -> Any:
        headers = {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token['access_token']}"
        assert self._session is not None
        async with (
            asyncio.timeout(TIMEOUT),
            self._session.request(method, path, json=content, headers=headers) as reply,
        ):
            if reply.ok:
                return await reply.json()
            said = await reply.text()
        raise ApiError(f"{method} {path}: {reply.status} {said}")

    # The WebSocket

    async def command(self, kind: str, **content: Any) -> Any:
        """Send one command; its result, however long it takes.

        Raises ApiError with Home Assistant's own message.
        """
        _, answer = await self._send(kind, content)
        return await answer

    async def subscribe(self, kind: str, **content: Any) -> Subscription:
        """Ask for reports, from before this returns."""
        subscription = Subscription()
        _, answer = await self._send(kind, content, subscription)
        await answer
        return subscription

    async def act(self, action: str, entity_id: str | None = None, **data: Any) -> None:
        """Perform an action, on an entity if it is for one, and wait until it is done."""
        target = {} if entity_id is None else {"target": {"entity_id": entity_id}}
        await self._perform(action, data, **target)

    async def ask(self, action: str, **data: Any) -> Any:
        """Perform an action that responds; what it responds."""
        reply = await self._perform(action, data, return_response=True)
        return reply["response"]

    async def _perform(
        self, action: str, data: Mapping[str, Any], **content: Any
    ) -> Any:
        domain, _, service = action.partition(".")
        return await self.command(
            "call_service",
            domain=domain,
            service=service,
            service_data=data,
            **content,
        )

    async def state(self, entity_id: str) -> dict[str, Any]:
        """An entity's state and attributes."""
        reply: dict[str, Any] = await self.get(f"/api/states/{entity_id}")
        return reply

    async def _connect(self) -> None:
        assert self._session is not None
        self._socket = await self._session.ws_connect("/api/websocket", max_msg_size=0)
        async with asyncio.timeout(TIMEOUT):
            await self._socket.receive_json()
            await self._socket.send_json(
                {"type": "auth", "access_token": self.token["access_token"]}
            )
            reply = await self._socket.receive_json()
        if reply["type"] != "auth_ok":
            raise ApiError(f"Home Assistant refused the log-in: {reply}")
        self._reader = asyncio.create_task(self._read(self._socket))

    async def _send(
        self,
        kind: str,
        content: Mapping[str, Any],
        subscription: Subscription | None = None,
    ) -> tuple[int, asyncio.Future[Any]]:
        assert self._socket is not None
        self._number += 1
        number = self._number
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        if subscription is not None:
            self._subscriptions[number] = subscription
        await self._socket.send_json({"id": number, "type": kind, **content})
        return number, answer

    async def _read(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in websocket:
                self._take(message.json())
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(
                        ApiError("Home Assistant closed the connection")
                    )

    def _take(self, reply: dict[str, Any]) -> None:
        match reply["type"]:
            case "event":
                self._subscriptions[reply["id"]].put(reply["event"])
            case "result":
                answer = self._answers.pop(reply["id"])
                if answer.done():
                    return
                if reply["success"]:
                    answer.set_result(reply["result"])
                else:
                    answer.set_exception(ApiError(reply["error"]["message"]))
