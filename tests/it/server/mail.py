"""A mail server for one test: prints its port, then each mail as a line of JSON. Arguments: mode, certificate, key, port
(0: any).

In mode "held" each mail is taken only once a line comes in; in mode "drops" each is taken, and the connection cut
before the answer; in mode "refuses" addresses that begin with "gone" are refused."""
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import AuthResult, LoginPassword, SMTP


class Keep:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if sys.argv[1] == "refuses" and address.startswith("gone"):
            return "550 5.1.1 nobody here is called so"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        read = email.message_from_bytes(envelope.content, policy=email.policy.default)
        mail = {
            "to": envelope.rcpt_tos,
            "text": envelope.content.decode("ascii"),
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "headers": dict(read.items()),
            "body": read.get_content(),
            "user": session.auth_data.login.decode() if session.auth_data else None,
        }
        print(json.dumps(mail), flush=True)
        if sys.argv[1] == "held":
            await asyncio.to_thread(sys.stdin.readline)
        if sys.argv[1] == "drops":
            server.transport.abort()
        return "250 kept"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and data.password == b"mail secret"
    return AuthResult(success=right, auth_data=data if right else None)


async def main():
    mode = sys.argv[1]
    context = None
    if mode in ("starttls", "implicit"):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[2], sys.argv[3])

    def session():
        return SMTP(
            Keep(),
            tls_context=context if mode == "starttls" else None,
            require_starttls=mode == "starttls",
            auth_required=mode == "starttls",
            authenticator=authenticate,
        )

    server = await asyncio.get_running_loop().create_server(
        session, "127.0.0.1", int(sys.argv[4]), ssl=context if mode == "implicit" else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
