using Grpc.Core;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Tests.Api;

public sealed class TokenTests
{
    [Fact]
    public void A_page_token_leads_behind_the_last_row()
    {
        var row = Samples.Row("abc");
        Assert.Equal(new JobCursor(row.Created, "abc"), PageToken.Read(PageToken.Write(row)));
        Assert.Null(PageToken.Read(""));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("bm9uc2Vuc2U")]
    [InlineData("OTk5OTk5OTk5OTk5OTk5OTk5OmE")]
    [InlineData("not base64!")]
    public void Other_page_tokens_are_refused(string token)
    {
        var error = Assert.Throws<RpcException>(() => PageToken.Read(token));
        Assert.Equal((StatusCode.InvalidArgument, "page_token: is not a token that ListJobs gave"), (error.StatusCode, error.Status.Detail));
    }

    [Fact]
    public void An_id_follows_from_the_request()
    {
        Assert.Equal(JobId.From("a"), JobId.From("a"));
        var ids = Enumerable.Range(0, 10_000).Select(i => JobId.From($"{i}")).ToHashSet();
        Assert.Equal(10_000, ids.Count);
        Assert.All(ids, id => Assert.Matches("^[a-km-np-z2-9]{10}$", id));
    }
}
