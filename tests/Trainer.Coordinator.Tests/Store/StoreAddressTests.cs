using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Tests.Store;

public sealed class StoreAddressTests
{
    [Theory]
    [InlineData("/var/jobs", "/var/jobs", false)]
    [InlineData("sqlite:/var/jobs", "/var/jobs", false)]
    [InlineData("postgres://trainer:s%40cret@db.example:5433/jobs?sslmode=verify-full&sslrootcert=/ca.pem", "postgres://trainer@db.example:5433/jobs", true)]
    [InlineData("postgresql://trainer@[::1]/jobs", "postgres://trainer@[::1]:5432/jobs", true)]
    [InlineData("postgres://trainer@/jobs?host=%2Frun%2Fpg&port=5433", "postgres://trainer@/run/pg:5433/jobs", true)]
    [InlineData("postgres:///jobs?host=/run/postgresql&user=me&password=secret", "postgres://me@/run/postgresql:5432/jobs", true)]
    public void Addresses_are_read_and_shown_without_their_password(string text, string shown, bool isShared)
    {
        var address = StoreAddress.Parse(text);

        Assert.Equal((shown, isShared), ($"{address}", address.IsShared));
        Assert.Equal(text.Contains("cret", StringComparison.Ordinal), address.HasPassword);
        Assert.Equal(address, StoreAddress.Parse(text));
    }

    [Theory]
    [InlineData("mysql://u:secret@h/d", "expected FOLDER, sqlite:FOLDER or postgres://USER@HOST:PORT/DATABASE, got something that begins with mysql://")]
    [InlineData("postgres://u:sec ret@h:x/d", "expected FOLDER, sqlite:FOLDER or postgres://USER@HOST:PORT/DATABASE, got a postgres:// address that cannot be read; write special characters of names and passwords as %XX")]
    [InlineData("postgres://u@h/d?sslmod=require", "postgres:// has no parameter 'sslmod' here; there are host, port, user, password, dbname, passfile, sslmode, sslrootcert, sslcert, sslkey, sslpassword")]
    [InlineData("postgres://u@h/d?sslmode=perhaps", "postgres://: sslmode cannot be 'perhaps'")]
    public void What_is_no_address_is_refused_and_shows_no_password(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => StoreAddress.Parse(text)).Message);
}
