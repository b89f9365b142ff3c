using Grpc.Core;
using Trainer.Coordinator.Api;
using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Tests.Api;

public sealed class TokenTests
{
    [Fact]
    public void A_page_token_leads_behind_the_last_row()
    {
        foreach (var (field, value) in new (JobOrderField, object)[] { (JobOrderField.CreateTime, 1772366400125), (JobOrderField.Name, "lenet"), (JobOrderField.State, 3L) })
        {
            var (order, cursor) = (new JobOrder(field, Descending: true), new JobCursor(value, "abc"));
            Assert.Equal(cursor, PageToken.Read(PageToken.Write(order, cursor), order));
            Assert.Throws<RpcException>(() => PageToken.Read(PageToken.Write(order, cursor), order with { Descending = false }));
        }

        Assert.Null(PageToken.Read("", JobOrder.NewestFirst));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("bm9uc2Vuc2U")]
    [InlineData("OTk5OTk5OTk5OTk5OTk5OTk5OmE")]
    [InlineData("not base64!")]
    public void Other_page_tokens_are_refused(string token)
    {
        var error = Assert.Throws<RpcException>(() => PageToken.Read(token, JobOrder.NewestFirst));
        Assert.Equal((StatusCode.InvalidArgument, "page_token: is not a token that ListJobs gave for a list of this order"), (error.StatusCode, error.Status.Detail));
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
