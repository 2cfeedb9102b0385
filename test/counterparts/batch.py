"""Reads and writes Weir's batches with fastavro, from the schemas alone: a JSON question on standard input, the answer on standard output."""

import base64
import io
import json
import struct
import sys
import uuid
import zlib

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint, to_parsing_canonical_form

CONTENT_TYPES = ["application/json", "text/plain", "application/octet-stream", "application/vnd.weir.platform"]


def whole(schema, data):
    """One datum that must fill `data`."""
    stream = io.BytesIO(data)
    value = schemaless_reader(stream, schema)
    assert stream.read() == b"", "bytes after the end"
    return value


def read(message, fingerprint_bytes, envelope_schema, payload_schema, dictionaries):
    assert message[:2] == b"\xc3\x01", "not single-object encoding"
    assert message[2:10] == fingerprint_bytes, "another schema's fingerprint"
    envelope = whole(envelope_schema, message[10:])
    records = envelope["records"]
    if envelope["codec"] == 0:
        payload = records
    else:
        zdict = dictionaries[envelope["dictionary"]]
        payload = zlib.decompressobj(-15, zdict=zdict).decompress(records) if zdict else zlib.decompress(records, -15)
    assert len(payload) == envelope["rawBytes"], "rawBytes"
    # The checksum: what stands before it, what stands after it up to the signature, and the payload.
    sign = io.BytesIO()
    schemaless_writer(sign, "bytes", envelope["signature"])
    tail = io.BytesIO()
    schemaless_writer(tail, "bytes", records)
    before = message[: len(message) - len(sign.getvalue()) - len(tail.getvalue()) - 4]
    expected = zlib.crc32(payload, zlib.crc32(tail.getvalue(), zlib.crc32(before)))
    assert envelope["checksum"] == struct.pack("<I", expected), "checksum"
    return envelope, whole(payload_schema, payload)


def plain(envelope, payload):
    """The batch in words, with times summed up and table references resolved."""
    function = dict(payload["function"])
    account = function.pop("account")
    if account:
        parts = function["arn"].split(":")
        parts[4] = str(account - 1).zfill(12)
        function["arn"] = ":".join(parts)
    invocations = [""] + [
        str(uuid.UUID(bytes=each)) if len(each) == 16 else each[1 if each[0] == 0 else 2 :].decode()
        for each in payload["invocations"]
    ]
    out, time = [], 0
    for i, body in enumerate(payload["body"]):
        time += payload["time"][i]
        signal = payload["signals"][payload["signal"][i]]
        out.append(
            {
                "signal": signal["name"],
                "contentType": CONTENT_TYPES[signal["contentType"]],
                "time": time,
                "invocation": invocations[payload["invocation"][i]],
                "body": base64.b64encode(body).decode(),
            }
        )
    return {
        "sandbox": envelope["sandbox"].hex(),
        "sequence": envelope["sequence"],
        "count": envelope["count"],
        "function": function,
        "extension": payload["extension"],
        "emitted": payload["emitted"],
        "dropped": payload["dropped"],
        "records": out,
    }


def write(envelope, payload, fingerprint_bytes, envelope_schema, payload_schema):
    """The same batch again, without compression: what another producer would send."""
    body = io.BytesIO()
    schemaless_writer(body, payload_schema, payload)
    raw = body.getvalue()
    again = {**envelope, "codec": 0, "dictionary": 0, "rawBytes": len(raw), "records": raw, "checksum": bytes(4)}

    def bytes_of(fields):
        out = io.BytesIO()
        schemaless_writer(out, envelope_schema, fields)
        return b"\xc3\x01" + fingerprint_bytes + out.getvalue()

    def length(value):
        out = io.BytesIO()
        schemaless_writer(out, "bytes", value)
        return len(out.getvalue())

    draft = bytes_of(again)
    sign = length(again["signature"])
    head = len(draft) - sign - length(raw) - 4
    tail = draft[head + 4 : len(draft) - sign]
    again["checksum"] = struct.pack("<I", zlib.crc32(raw, zlib.crc32(tail, zlib.crc32(draft[:head]))))
    return bytes_of(again)


question = json.load(sys.stdin)
envelope_schema = parse_schema(question["envelope"])
payload_schema = parse_schema(question["payload"])
dictionaries = {int(key): base64.b64decode(value) for key, value in question["dictionaries"].items()} | {0: b""}
mark = bytes.fromhex(fingerprint(to_parsing_canonical_form(question["envelope"]), "CRC-64-AVRO"))
answer = {"fingerprint": mark.hex(), "read": [], "written": []}
for text in question["batches"]:
    envelope, payload = read(base64.b64decode(text), mark, envelope_schema, payload_schema, dictionaries)
    answer["read"].append(plain(envelope, payload))
    answer["written"].append(base64.b64encode(write(envelope, payload, mark, envelope_schema, payload_schema)).decode())
json.dump(answer, sys.stdout)
