using System;
using ThingSpace;

class Program
{
    static void Main()
    {
        using (Session session = Session.Login())
        {
            Response account = session.Get("/m2m/v1/accounts/0000123456-00001");
            Console.WriteLine(account.EnsureSuccess().Text);
        }
    }
}
