"""Uses the vault through hvac. Arguments: address, token, certificate."""
import sys

import hvac
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest

address, token, certificate = sys.argv[1:]
client = hvac.Client(url=address, token=token, verify=certificate)
assert client.is_authenticated()
kv = client.secrets.kv.v2

made = kv.create_or_update_secret(path="app/hvac", secret={"user": "ada", "password": "one"}, cas=0)
assert made["data"]["version"] == 1, made
try:
    kv.create_or_update_secret(path="app/hvac", secret={"user": "x"}, cas=0)
    raise SystemExit("a wrong cas was accepted")
except InvalidRequest as error:
    assert "did not match the current version" in str(error), error

kv.patch(path="app/hvac", secret={"password": "two"})
read = kv.read_secret_version(path="app/hvac", raise_on_deleted_version=True)
assert read["data"]["data"] == {"user": "ada", "password": "two"}, read
assert kv.list_secrets(path="app")["data"]["keys"] == ["hvac"]

kv.delete_latest_version_of_secret(path="app/hvac")
gone = kv.read_secret_version(path="app/hvac", raise_on_deleted_version=False)
assert gone["data"]["data"] is None and gone["data"]["metadata"]["deletion_time"] != "", gone
try:
    kv.read_secret_version(path="app/hvac", raise_on_deleted_version=True)
    raise SystemExit("a deleted version was read")
except InvalidPath:
    pass
kv.undelete_secret_versions(path="app/hvac", versions=[2])
assert kv.read_secret_version(path="app/hvac", raise_on_deleted_version=True)["data"]["metadata"]["version"] == 2

kv.update_metadata(path="app/hvac", custom_metadata={"team": "a"}, max_versions=5)
metadata = kv.read_secret_metadata(path="app/hvac")["data"]
assert metadata["custom_metadata"] == {"team": "a"} and metadata["max_versions"] == 5, metadata
kv.destroy_secret_versions(path="app/hvac", versions=[1])
assert kv.read_secret_metadata(path="app/hvac")["data"]["versions"]["1"]["destroyed"]
kv.delete_metadata_and_all_versions(path="app/hvac")
try:
    kv.read_secret_metadata(path="app/hvac")
    raise SystemExit("an erased secret was found")
except InvalidPath:
    pass
try:
    kv.read_secret_version(path="other", raise_on_deleted_version=True)
    raise SystemExit("a denied secret was read")
except Forbidden:
    pass

assert client.auth.token.lookup_self()["data"]["type"] == "service"
child = client.auth.token.create(ttl="5m")["auth"]["client_token"]
assert hvac.Client(url=address, token=child, verify=certificate).is_authenticated()
client.auth.token.revoke_self()
assert not client.is_authenticated()
assert not hvac.Client(url=address, token=child, verify=certificate).is_authenticated()
print("all done")
