using Trainer.Hosting.Cluster;

namespace Trainer.Hosting.Tests.Cluster;

public sealed class SeedAddressTests
{
    [Theory]
    [InlineData("host:4053", "akka.tcp://trainer@host:4053")]
    [InlineData("akka.tcp://trainer@host:4053", "akka.tcp://trainer@host:4053")]
    [InlineData("127.0.0.1:1", "akka.tcp://trainer@127.0.0.1:1")]
    [InlineData("coordinator-0.coordinator:65535", "akka.tcp://trainer@coordinator-0.coordinator:65535")]
    public void Both_forms_are_read(string text, string address) => Assert.Equal(address, SeedAddress.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("foo")]
    [InlineData(":4053")]
    [InlineData("host:")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:4053:1")]
    [InlineData("http://host:4053")]
    [InlineData("akka.tcp://other@host:4053")]
    [InlineData("akka.tcp://trainer@host")]
    [InlineData("a b:4053")]
    public void Anything_else_is_refused_with_what_was_expected(string text)
    {
        Assert.False(SeedAddress.TryParse(text, out _));
        Assert.StartsWith(
            $"Seed '{text}' is not an address; expected HOST:PORT or akka.tcp://trainer@HOST:PORT.", Assert.Throws<ArgumentException>(() => SeedAddress.Parse(text)).Message);
    }
}
