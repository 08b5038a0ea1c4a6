use contracts::demo::DEMO_ACCOUNTS;
use contracts::user::{AddressBook, Profile};
use user_service::demo::{ASHAS_ADDRESS, RAVIS_ADDRESS, seed};

use crate::start;

#[tokio::test]
async fn the_demonstrations_customers_are_there_once_with_their_homes() {
    let service = start().await;
    let mut connection = service.pool.acquire().await.unwrap();
    for _ in 0..2 {
        seed(&mut connection, service.clock.now()).await.unwrap();
    }
    for account in DEMO_ACCOUNTS {
        let profile: Profile = service.as_customer(account.user_id).get("/api/v1/users/me").await.is(200).read();
        assert_eq!((profile.email.as_str(), profile.email_verified), (account.email, true));
    }
    for (account, id, city, state) in
        [(&DEMO_ACCOUNTS[0], ASHAS_ADDRESS, "Hyderabad", "36"), (&DEMO_ACCOUNTS[1], RAVIS_ADDRESS, "Mumbai", "27")]
    {
        let person = service.as_customer(account.user_id);
        let book: AddressBook = person.get("/api/v1/users/me/addresses").await.is(200).read();
        let home = &book.addresses[0];
        assert_eq!((book.addresses.len(), home.id, home.is_default), (1, id, true));
        assert_eq!((home.address.city.as_str(), home.address.state.to_string().as_str()), (city, state));
    }
}
