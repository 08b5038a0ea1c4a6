"""What Oracle's SDK makes of the emulated cloud. One argument: the part that is to be run."""

import datetime
import os
import sys

import oci
from oci.exceptions import ServiceError
from oci.queue.models import (
    DeleteMessagesDetails,
    DeleteMessagesDetailsEntry,
    MessageMetadata,
    PutMessagesDetails,
    PutMessagesDetailsEntry,
    UpdateMessageDetails,
    UpdateMessagesDetails,
    UpdateMessagesDetailsEntry,
)

URL, QUEUE = os.environ["URL"], os.environ["QUEUE"]


def expect(what, is_so):
    if not is_so:
        raise SystemExit(f"not so: {what}")


def refused(status, call):
    try:
        call()
    except ServiceError as error:
        expect(f"{status} instead of {error.status} {error.code}: {error.message}", error.status == status)
        expect("an error has a code, a message and the request's id", error.code and error.message and error.request_id)
    else:
        raise SystemExit(f"{status} was expected, and it went through")


def user(**others):
    return {
        "tenancy": os.environ["TENANCY"], "user": os.environ["USER_ID"], "fingerprint": os.environ["FINGERPRINT"],
        "key_file": os.environ["KEY_FILE"], "region": "ap-hyderabad-1", **others,
    }


def queue_client(config=None, signer=None):
    arguments = {"service_endpoint": URL, "retry_strategy": oci.retry.NoneRetryStrategy()}
    if signer:
        return oci.queue.QueueClient({}, signer=signer, **arguments)
    return oci.queue.QueueClient(config or user(), **arguments)


def put(client, *contents, channel="events", properties=None):
    metadata = MessageMetadata(channel_id=channel, custom_properties=properties or {})
    entries = [PutMessagesDetailsEntry(content=content, metadata=metadata) for content in contents]
    return client.put_messages(QUEUE, PutMessagesDetails(messages=entries)).data.messages


def get(client, **options):
    options = {"timeout_in_seconds": 0, "limit": 20, "visibility_in_seconds": 60, "channel_filter": "events", **options}
    return client.get_messages(QUEUE, **options).data.messages


def queue():
    client = queue_client()
    ids = [message.id for message in put(client, "one", "zwei", "तीन", properties={"type": "order.created.v1"})]
    put(client, "other", channel="dead-letters")
    expect("each has an id of its own", len(set(ids)) == 3)
    stats = client.get_stats(QUEUE, channel_id="events").data
    expect(f"three are visible: {stats}", (stats.queue.visible_messages, stats.queue.in_flight_messages) == (3, 0))
    expect("all channels are listed", sorted(client.list_channels(QUEUE).data.items) == ["dead-letters", "events"])

    got = get(client)
    expect("they come in order", [message.content for message in got] == ["one", "zwei", "तीन"])
    expect("with their ids", [message.id for message in got] == ids)
    first = got[0]
    expect("for the first time", first.delivery_count == 1)
    expect("with properties", first.metadata.custom_properties == {"type": "order.created.v1"})
    expect("of their channel", first.metadata.channel_id == "events")
    now = datetime.datetime.now(datetime.timezone.utc)
    expect("hidden for a minute", 50 < (first.visible_after - now).total_seconds() <= 60)
    expect("kept for days", (first.expire_after - first.created_at).days == 7)
    expect("nobody else gets them", get(client) == [])
    stats = client.get_stats(QUEUE, channel_id="events").data
    expect("all are in flight", (stats.queue.visible_messages, stats.queue.in_flight_messages) == (0, 3))

    updated = client.update_message(QUEUE, first.receipt, UpdateMessageDetails(visibility_in_seconds=0)).data
    expect("the message that was meant", updated.id == first.id)
    again = get(client, timeout_in_seconds=5, limit=1)[0]
    expect("given back, delivered again", (again.content, again.delivery_count) == ("one", 2))
    refused(404, lambda: client.update_message(QUEUE, first.receipt, UpdateMessageDetails(visibility_in_seconds=1)))
    refused(404, lambda: client.delete_message(QUEUE, first.receipt))
    client.delete_message(QUEUE, again.receipt)

    entries = [UpdateMessagesDetailsEntry(receipt=m.receipt, visibility_in_seconds=120) for m in got]
    result = client.update_messages(QUEUE, UpdateMessagesDetails(entries=entries)).data
    expect("one of three is gone", (result.client_failures, result.server_failures) == (1, 0))
    expect("it is said which", [entry.error_code for entry in result.entries] == [404, None, None])
    entries = [DeleteMessagesDetailsEntry(receipt=m.receipt) for m in got]
    result = client.delete_messages(QUEUE, DeleteMessagesDetails(entries=entries)).data
    expect("two of three are deleted", [entry.error_code for entry in result.entries] == [404, None, None])
    expect("nothing is left", client.get_stats(QUEUE, channel_id="events").data.queue.in_flight_messages == 0)
    expect("but in the other channel", [m.content for m in get(client, channel_filter="dead-letters")] == ["other"])

    for wrong in ({"limit": 21}, {"limit": 0}, {"timeout_in_seconds": 31}, {"visibility_in_seconds": 43201}):
        refused(400, lambda: get(client, **wrong))
    refused(400, lambda: put(client))
    refused(400, lambda: put(client, *["x"] * 21))
    refused(400, lambda: put(client, "x" * (256 * 1024 + 1)))
    refused(400, lambda: put(client, *["x" * (200 * 1024)] * 3))
    refused(404, lambda: client.get_stats("ocid1.queue.oc1..nobody"))


def machine():
    signer = oci.auth.signers.InstancePrincipalsSecurityTokenSigner(federation_endpoint=f"{URL}/v1/x509")
    expect("the machine knows its region", signer.region == "ap-hyderabad-1")
    put(queue_client(signer=signer), "from a machine")


def pod():
    host, port = os.environ["EXCHANGE"].split(":")

    class Account:
        def get_sa_token(self):
            return "account-1"

    workload = oci.auth.signers.oke_workload_identity_resource_principal_signer
    signer = workload.OkeWorkloadIdentityResourcePrincipalSigner(
        Account(), os.environ["AUTHORITY"], host, port, region="ap-hyderabad-1"
    )
    put(queue_client(signer=signer), "from a pod")


def wrong():
    refused(401, lambda: get(queue_client(user(fingerprint="00:" * 15 + "00"))))
    # Another key than the one that the cloud knows.
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    stranger = user(key_content=key.decode())
    del stranger["key_file"]
    refused(401, lambda: put(queue_client(stranger), "no"))


def echo():
    client = queue_client()
    message = get(client, timeout_in_seconds=5)[0]
    properties = message.metadata.custom_properties
    expect("the type is told", properties["type"] == "order.created.v1")
    put(client, message.content, properties={**properties, "key": "order-2"})
    client.delete_message(QUEUE, message.receipt)


def database():
    arguments = {"service_endpoint": URL, "retry_strategy": oci.retry.NoneRetryStrategy()}
    monitoring = oci.monitoring.MonitoringClient(user(), **arguments)
    now = datetime.datetime.now(datetime.timezone.utc)
    details = oci.monitoring.models.SummarizeMetricsDataDetails(
        namespace="oci_postgresql", query="CpuUtilization[1m].groupBy(resourceId).max()",
        start_time=now - datetime.timedelta(minutes=10), end_time=now,
    )
    streams = monitoring.summarize_metrics_data(os.environ["COMPARTMENT"], details).data
    expect("one database", [stream.dimensions["resourceId"] for stream in streams] == [os.environ["DATABASE"]])
    expect("its busiest node", [point.value for point in streams[0].aggregated_datapoints] == [91.5])

    databases = oci.psql.PostgresqlClient(user(), **arguments)
    answer = databases.get_db_system(os.environ["DATABASE"])
    system = answer.data
    expect("its size", (system.instance_ocpu_count, system.instance_memory_size_in_gbs) == (2, 32))
    expect("its state", system.lifecycle_state == "ACTIVE")
    larger = oci.psql.models.UpdateDbSystemDetails(instance_ocpu_count=4, instance_memory_size_in_gbs=64)
    refused(412, lambda: databases.update_db_system(system.id, larger, if_match="nonsense"))
    databases.update_db_system(system.id, larger, if_match=answer.headers["etag"])
    expect("it is being changed", databases.get_db_system(system.id).data.lifecycle_state == "UPDATING")
    refused(409, lambda: databases.update_db_system(system.id, larger))


globals()[sys.argv[1]]()
