using System.Net;
using Trainer.Hosting.Cluster;

namespace Trainer.Hosting.Tests.Cluster;

public sealed class OwnHostTests
{
    [Theory]
    [InlineData("10.0.0.7", "10.0.0.7", "10.0.0.8")]
    [InlineData("::", "10.0.0.7", "2001:db8::7")]
    [InlineData("::1", "::1", "127.0.0.1")]
    [InlineData("127.0.1.1", "127.0.1.1", "2001:db8::7")]
    public void The_clusters_port_is_open_to_all_only_where_others_may_know_a_name_by_either_family(string expected, params string[] own) =>
        Assert.Equal(IPAddress.Parse(expected), OwnHost.OneOf([.. own.Select(IPAddress.Parse)]));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void An_address_is_listened_at_alone(string host)
    {
        using var socket = OwnHost.Listen(host, 0);

        Assert.Equal(IPAddress.Parse(host), ((IPEndPoint)socket.LocalEndPoint!).Address);
        Assert.NotNull(OwnHost.WhyNotBound(host, ((IPEndPoint)socket.LocalEndPoint).Port));
    }
}
