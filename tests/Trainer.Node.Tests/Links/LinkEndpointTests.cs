using Trainer.Node.Links;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests.Links;

public class LinkEndpointTests
{
    [Theory]
    [InlineData("unix:/run/a b.sock")]
    [InlineData("tcp://127.0.0.1:6000")]
    [InlineData("tcp://worker-0.worker:65535")]
    [InlineData("tcp://[::1]:6000")]
    public void Text_survives(string text) => Assert.Equal(text, LinkEndpoint.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("unix:")]
    [InlineData("tcp://host")]
    [InlineData("tcp://:6000")]
    [InlineData("tcp://host:0")]
    [InlineData("tcp://host:65536")]
    [InlineData("http://host:80")]
    public void What_is_no_endpoint_is_named(string text) =>
        Assert.Equal($"Link endpoint '{text}' is neither unix:/path nor tcp://host:port.", Assert.Throws<FormatException>(() => LinkEndpoint.Parse(text)).Message);

    [Theory]
    [InlineData("here", "unix:/a tcp://h:1")]
    [InlineData("there", "tcp://h:1")]
    public void Unix_sockets_come_first_and_only_on_the_same_machine(string from, string expected)
    {
        var member = new Member { Host = "here", LinkEndpoints = { "tcp://h:1", "unix:/a" } };
        Assert.Equal(expected, string.Join(' ', LinkEndpoint.Reachable(member, from)));
    }
}
