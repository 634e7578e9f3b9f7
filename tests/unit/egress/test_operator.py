"""What an operator allows and forbids: exact targets, read or refused at start."""

from __future__ import annotations

import ipaddress

import pytest

from kernel.egress import parse
from kernel.egress.operator import Lists
from kernel.platform.settings import SettingsRefused
from tests.conftest import make_settings


def test_an_allowance_is_one_target_of_one_tenant(tmp_path):
    lists = Lists.read(make_settings(tmp_path, egress_allow="acme=http://ERP.local:8069=10.0.3.7,\n acme=https://[fd00::1]=fd00::1"))
    ten = ipaddress.ip_address("10.0.3.7")
    assert lists.exact("acme", parse("http://erp.local:8069/jsonrpc"), ten)
    for tenant, url, ip in (
        ("other", "http://erp.local:8069", ten), ("acme", "https://erp.local:8069", ten), ("acme", "http://erp.local:8070", ten), ("acme", "http://10.0.3.7:8069", ten),
        ("acme", "http://erp.local:8069", ipaddress.ip_address("10.0.3.8")), ("acme", "http://erp.local:8069", ipaddress.ip_address("::ffff:10.0.3.7")),
    ):
        assert not lists.exact(tenant, parse(url), ip)
    assert lists.exact("acme", parse("https://[fd00::1]/x"), ipaddress.ip_address("fd00::1"))


def test_a_forbidden_network_counts_for_what_is_wrapped(tmp_path):
    lists = Lists.read(make_settings(tmp_path, egress_deny="8.8.8.0/24 2606:4700::/32"))
    for number in ("8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2606:4700::1"):
        assert lists.forbids(ipaddress.ip_address(number))
    assert not lists.forbids(ipaddress.ip_address("1.1.1.1"))


@pytest.mark.parametrize(("name", "value"), [
    ("egress_allow", "acme"), ("egress_allow", "acme=https://x.example"), ("egress_allow", "acme=https://x.example=10.0.0.0/8"), ("egress_allow", "acme=https://x.example/p=10.0.0.1"),
    ("egress_allow", "=https://x.example=10.0.0.1"), ("egress_allow", "acme=ftp://x.example=10.0.0.1"), ("egress_allow", "acme=https://*.example=10.0.0.1"),
    ("egress_allow", "acme=https://x.example=fe80::1%eth0"), ("egress_deny", "10.0.0.1/8"), ("egress_deny", "all"), ("push_hosts", "*.example.com"), ("push_hosts", "https://x"),
])
def test_unreadable_lists_stop_the_start(tmp_path, name, value):
    with pytest.raises(SettingsRefused, match="FANGYUAN_"):
        make_settings(tmp_path, **{name: value})
