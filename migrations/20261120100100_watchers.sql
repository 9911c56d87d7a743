-- migrate:up

-- Who a ticket was issued to: what a person who watches does is kept under their name.
alter table interview.tickets add column user_id uuid references identity.users (id);

-- migrate:down

alter table interview.tickets drop column user_id;
