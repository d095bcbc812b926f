"""Which web pages may ask this service: a browser sends requests for any page that its user has open."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from api.errors import Forbidden


class Origins:
    """Tells the service's own pages from others by the headers `Origin` and `Host`, which no page can choose.

    `public_url` is the address that readers reach the service at; pages of the origins in `allowed` are let in, too.
    """

    def __init__(self, public_url: str | None, allowed: Collection[str]) -> None:
        public = urlsplit(public_url or "")
        self._public_host, self._public_netloc = public.hostname, public.netloc.lower()
        self._allowed = {origin.lower().rstrip("/") for origin in allowed}

    def check_host(self, host: str) -> None:
        """Raise Forbidden where the service is asked for by a name that a stranger may have made lead here.

        A page elsewhere can make its own name lead to this machine (DNS rebinding) and then passes for one of this
        service. Addresses in figures and names without a dot are nobody's to register.
        """
        if host and not self._is_safe(_hostname(f"//{host}")):
            raise Forbidden(
                f"This service is not known as {host[:200]!r}; set RAG_PUBLIC_URL to the address it is reached at."
            )

    def check_origin(self, origin: str, host: str, *, changes: bool) -> None:
        """Raise Forbidden for a request that the page of another origin makes.

        What only asks, and can do no harm where the browser keeps the answer from the page, may come from any page that
        no stranger can have named; what `changes` something only from the service's own.
        """
        if origin.lower() in self._allowed:
            return
        try:
            netloc = urlsplit(origin).netloc.lower()
        except ValueError:
            netloc = ""
        own = bool(netloc) and netloc in {host.lower(), self._public_netloc}
        if not own and (changes or not self._is_safe(_hostname(origin))):
            raise Forbidden(
                f"The Origin {origin[:200]!r} may not ask; where it is this service's own, set RAG_PUBLIC_URL to it, "
                "else name it in RAG_CORS_ORIGINS."
            )

    def _is_safe(self, name: str | None) -> bool:
        return name is not None and (name == self._public_host or "." not in name or _is_address(name))


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
