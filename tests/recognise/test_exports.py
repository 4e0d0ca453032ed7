"""Exports of the usual programs are recognised without `--map`."""

import pytest

from pipeline.recognise import recognise
from schemas.columns import ColumnMap

SHOPIFY = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,"
    "Default Address Company,Default Address Address1,Default Address Address2,"
    "Default Address City,Default Address Province Code,Default Address Country Code,"
    "Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,"
    "Total Spent,Total Orders,Note,Tax Exempt,Tags"
)
SHOPIFY_OLD = (
    "First Name,Last Name,Email,Company,Address1,Address2,City,Province,"
    "Province Code,Country,Country Code,Zip,Phone,Accepts Marketing,Total Spent,"
    "Total Orders,Tags,Note,Tax Exempt"
)
WOOCOMMERCE = (
    "Name,Username,Last Active,Sign Up,Email,Orders,Total Spend,AOV,"
    "Country / Region,City,Region,Postal Code"
)
WOOCOMMERCE_USERS = (
    "ID,customer_id,user_login,user_pass,user_nicename,user_email,user_url,"
    "user_registered,display_name,first_name,last_name,user_status,roles,nickname,"
    "description,billing_first_name,billing_last_name,billing_company,billing_email,"
    "billing_phone,billing_address_1,billing_address_2,billing_postcode,billing_city,"
    "billing_state,billing_country,shipping_first_name,shipping_last_name,"
    "shipping_company,shipping_phone,shipping_country"
)
WOOCOMMERCE_ORDERS = (
    "Order Number,Order Status,Order Date,Customer Note,First Name (Billing),"
    "Last Name (Billing),Company (Billing),Email (Billing),Phone (Billing),"
    "Country Code (Billing),First Name (Shipping),Last Name (Shipping),"
    "Country Code (Shipping),Payment Method Title,Order Total Amount"
)
HUBSPOT = (
    "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,"
    "Contact owner,Primary Company,Company name,Lead Status,Marketing contact status,"
    "Create Date,Last Activity Date,Country/Region,Email Domain,"
    "Unsubscribed from all email,Number of times contacted,Associated Company IDs"
)
SALESFORCE = (
    "Salutation,First Name,Last Name,Title,Account Name,Mailing Street,Mailing City,"
    "Mailing State/Province,Mailing Zip/Postal Code,Mailing Country,Phone,Fax,Mobile,"
    "Home Phone,Other Phone,Assistant Phone,Email,Account Owner,Birthdate,Contact ID,"
    "Email Opt Out,Do Not Call,Lead Source"
)
SALESFORCE_API = (
    "Id,AccountId,LastName,FirstName,Salutation,MailingCountry,Phone,Fax,MobilePhone,"
    "HomePhone,OtherPhone,AssistantPhone,ReportsToId,Email,Title,Birthdate,OwnerId,"
    "HasOptedOutOfEmail,CreatedDate"
)
MAILCHIMP = (
    "Email Address,First Name,Last Name,Address,Phone Number,Birthday,MEMBER_RATING,"
    "OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,"
    "TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS"
)
MAILCHIMP_TAGS = "EMAIL,FNAME,LNAME,PHONE,MEMBER_RATING,OPTIN_TIME,CC,REGION,EUID"
BREVO = (
    "CONTACT ID,EMAIL,FIRSTNAME,LASTNAME,SMS,WHATSAPP,EXT_ID,DOUBLE_OPT-IN,OPT_IN,"
    "ADDED_TIME,MODIFIED_TIME,EMAIL_BLACKLISTED"
)
BREVO_FR = "ID,EMAIL,NOM,PRENOM,SMS,LANDLINE_NUMBER,JOB_TITLE,DOUBLE_OPT-IN,DATE_AJOUT"
STRIPE = (
    "id,Description,Email,Name,Created (UTC),Delinquent,Card ID,Card Last4,Card Brand,"
    "Card Exp Month,Card Name,Card Address Country,Card Issue Country,"
    "Card CVC Status,Default Source,Currency,Total Spend,Payment Count,plan (metadata)"
)
STRIPE_CHARGES = (
    "id,Created (UTC),Amount,Currency,Seller Message,Customer ID,"
    "Customer Description,Customer Email,Captured,Card Last4"
)
ODOO = "Name,Phone,Mobile,Email,Salesperson,Activities,City,Country,Company,Tax ID"
ODOO_FR = (
    "Nom d'affichage,Téléphone,Mobile,E-mail,Vendeur,Activités,Ville,Pays,Société,"
    "Numéro de TVA"
)
ODOO_IMPORT = "id,name,is_company,email,phone,mobile,country_id,vat,user_id/name,ref"
ZOHO = (
    "Record Id,Contact Owner.id,Contact Owner,Lead Source,First Name,Last Name,"
    "Account Name,Vendor Name,Email,Title,Department,Phone,Home Phone,Other Phone,Fax,"
    "Mobile,Date of Birth,Assistant,Asst Phone,Reports To,Email Opt Out,Created By,"
    "Mailing Country,Other Country,Secondary Email,Skype ID,Full Name"
)
ZOHO_BOOKS = (
    "Contact ID,Contact Name,Company Name,Display Name,Salutation,First Name,Last Name,"
    "EmailID,Phone,MobilePhone,Payment Terms,Billing Country,Billing Phone,"
    "Shipping Country,Shipping Phone,Tax Name"
)
GOOGLE = (
    "First Name,Middle Name,Last Name,Phonetic First Name,Phonetic Last Name,"
    "Name Prefix,Name Suffix,Nickname,File As,Organization Name,Organization Title,"
    "Birthday,Notes,Photo,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,"
    "E-mail 2 - Value,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,"
    "Phone 2 - Value,Address 1 - Label,Address 1 - Formatted,Address 1 - Country"
)
GOOGLE_OLD = (
    "Name,Given Name,Additional Name,Family Name,Yomi Name,Given Name Yomi,Name Prefix,"
    "Nickname,Short Name,Maiden Name,Birthday,Gender,Location,Occupation,Notes,"
    "Group Membership,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,"
    "Phone 2 - Type,Phone 2 - Value,Organization 1 - Name"
)
OUTLOOK = (
    "First Name,Middle Name,Last Name,Title,Suffix,Nickname,Given Yomi,Surname Yomi,"
    "E-mail Address,E-mail 2 Address,E-mail 3 Address,Home Phone,Home Phone 2,"
    "Business Phone,Business Phone 2,Mobile Phone,Car Phone,Other Phone,Primary Phone,"
    "Pager,Business Fax,Home Fax,Other Fax,Company Main Phone,Callback,Radio Phone,"
    "Telex,TTY/TDD Phone,IMAddress,Job Title,Department,Company,Manager's Name,"
    "Assistant's Name,Assistant's Phone,Government ID Number,Home Country/Region,"
    "Business Country/Region,Other Country/Region,Birthday,Anniversary"
)
OUTLOOK_FR = (
    "Titre,Prénom,Deuxième prénom,Nom,Suffixe,Société,Service,Rue (bureau),"
    "Pays/Région (bureau),Pays/Région (domicile),Télécopie (bureau),"
    "Téléphone (bureau),Téléphone (domicile),Tél. mobile,Autre téléphone,"
    "Téléphone de l'assistant(e),Adresse de messagerie,Adresse de messagerie 2,"
    "Anniversaire,Profession"
)
OUTLOOK_DE = (
    "Anrede,Vorname,Weitere Vornamen,Nachname,Suffix,Firma,Land/Region geschäftlich,"
    "Land/Region privat,Telefon Assistent,Fax geschäftlich,Telefon geschäftlich,"
    "Telefon privat,Mobiltelefon,Weiteres Telefon,E-Mail-Adresse,E-Mail-Typ,"
    "E-Mail 2: Adresse,Geburtstag"
)


def columns(**fields):
    return ColumnMap(**fields)


PERSON = {"first_name": "First Name", "last_name": "Last Name"}
CASES = {
    "shopify": (
        SHOPIFY,
        columns(
            **PERSON,
            emails=("Email",),
            phones=("Phone", "Default Address Phone"),
            country="Default Address Country Code",
            external_id="Customer ID",
        ),
    ),
    "shopify old": (
        SHOPIFY_OLD,
        columns(**PERSON, emails=("Email",), phones=("Phone",), country="Country"),
    ),
    "woocommerce": (
        WOOCOMMERCE,
        columns(name="Name", emails=("Email",), country="Country / Region"),
    ),
    "woocommerce users": (
        WOOCOMMERCE_USERS,
        columns(
            name="display_name",
            first_name="first_name",
            last_name="last_name",
            emails=("user_email", "billing_email"),
            phones=("billing_phone",),
            country="billing_country",
            external_id="customer_id",
            withheld=("user_pass",),
        ),
    ),
    "woocommerce orders": (
        WOOCOMMERCE_ORDERS,
        columns(
            first_name="First Name (Billing)",
            last_name="Last Name (Billing)",
            emails=("Email (Billing)",),
            phones=("Phone (Billing)",),
            country="Country Code (Billing)",
        ),
    ),
    "hubspot": (
        HUBSPOT,
        columns(
            **PERSON,
            emails=("Email",),
            phones=("Phone Number", "Mobile Phone Number"),
            country="Country/Region",
        ),
    ),
    "salesforce": (
        SALESFORCE,
        columns(
            **PERSON,
            emails=("Email",),
            phones=("Phone", "Mobile", "Home Phone", "Other Phone"),
            country="Mailing Country",
            withheld=("Birthdate",),
        ),
    ),
    "salesforce api": (
        SALESFORCE_API,
        columns(
            first_name="FirstName",
            last_name="LastName",
            emails=("Email",),
            phones=("Phone", "MobilePhone", "HomePhone", "OtherPhone"),
            country="MailingCountry",
            withheld=("Birthdate",),
        ),
    ),
    "mailchimp": (
        MAILCHIMP,
        columns(
            **PERSON,
            emails=("Email Address",),
            phones=("Phone Number",),
            withheld=("Birthday",),
        ),
    ),
    "mailchimp merge tags": (
        MAILCHIMP_TAGS,
        columns(
            first_name="FNAME", last_name="LNAME", emails=("EMAIL",), phones=("PHONE",)
        ),
    ),
    "brevo": (
        BREVO,
        columns(
            first_name="FIRSTNAME",
            last_name="LASTNAME",
            emails=("EMAIL",),
            phones=("SMS", "WHATSAPP"),
            external_id="EXT_ID",
        ),
    ),
    "brevo in French": (
        BREVO_FR,
        columns(
            first_name="PRENOM",
            last_name="NOM",
            emails=("EMAIL",),
            phones=("SMS", "LANDLINE_NUMBER"),
        ),
    ),
    "stripe": (
        STRIPE,
        columns(name="Name", emails=("Email",), country="Card Address Country"),
    ),
    "stripe charges": (
        STRIPE_CHARGES,
        columns(
            name="Customer Description",
            emails=("Customer Email",),
            external_id="Customer ID",
        ),
    ),
    "odoo": (
        ODOO,
        columns(
            name="Name",
            emails=("Email",),
            phones=("Phone", "Mobile"),
            country="Country",
            withheld=("Tax ID",),
        ),
    ),
    "odoo in French": (
        ODOO_FR,
        columns(
            name="Nom d'affichage",
            emails=("E-mail",),
            phones=("Téléphone", "Mobile"),
            country="Pays",
            withheld=("Numéro de TVA",),
        ),
    ),
    "odoo for import": (
        ODOO_IMPORT,
        columns(
            name="name",
            emails=("email",),
            phones=("phone", "mobile"),
            country="country_id",
            withheld=("vat",),
        ),
    ),
    "zoho crm": (
        ZOHO,
        columns(
            name="Full Name",
            **PERSON,
            emails=("Email", "Secondary Email"),
            phones=("Phone", "Mobile", "Home Phone", "Other Phone"),
            country="Mailing Country",
            withheld=("Date of Birth",),
        ),
    ),
    "zoho books": (
        ZOHO_BOOKS,
        columns(
            name="Contact Name",
            **PERSON,
            emails=("EmailID",),
            phones=("Phone", "MobilePhone", "Billing Phone"),
            country="Billing Country",
        ),
    ),
    "google": (
        GOOGLE,
        columns(
            **PERSON,
            emails=("E-mail 1 - Value", "E-mail 2 - Value"),
            phones=("Phone 1 - Value", "Phone 2 - Value"),
            country="Address 1 - Country",
            withheld=("Birthday",),
        ),
    ),
    "google until 2024": (
        GOOGLE_OLD,
        columns(
            name="Name",
            first_name="Given Name",
            last_name="Family Name",
            emails=("E-mail 1 - Value",),
            phones=("Phone 1 - Value", "Phone 2 - Value"),
            withheld=("Birthday",),
        ),
    ),
    "outlook": (
        OUTLOOK,
        columns(
            **PERSON,
            emails=("E-mail Address", "E-mail 2 Address", "E-mail 3 Address"),
            phones=(
                "Mobile Phone",
                "Primary Phone",
                "Home Phone",
                "Home Phone 2",
                "Business Phone",
                "Car Phone",
                "Other Phone",
                "Radio Phone",
                "Business Phone 2",
            ),
            country="Home Country/Region",
            withheld=("Government ID Number", "Birthday"),
        ),
    ),
    "outlook in French": (
        OUTLOOK_FR,
        columns(
            first_name="Prénom",
            last_name="Nom",
            emails=("Adresse de messagerie", "Adresse de messagerie 2"),
            phones=(
                "Tél. mobile",
                "Téléphone (domicile)",
                "Téléphone (bureau)",
                "Autre téléphone",
            ),
            country="Pays/Région (domicile)",
            withheld=("Anniversaire",),
        ),
    ),
    "outlook in German": (
        OUTLOOK_DE,
        columns(
            first_name="Vorname",
            last_name="Nachname",
            emails=("E-Mail-Adresse", "E-Mail 2: Adresse"),
            phones=(
                "Mobiltelefon",
                "Telefon privat",
                "Telefon geschäftlich",
                "Weiteres Telefon",
            ),
            country="Land/Region privat",
            withheld=("Geburtstag",),
        ),
    ),
}


@pytest.mark.parametrize("program", CASES)
def test_an_export_is_recognised_by_its_headers(program):
    line, wanted = CASES[program]
    headers = line.split(",")

    found = recognise(headers, []).columns

    fields = [name for name in ColumnMap.__slots__ if name != "metadata"]
    assert {f: getattr(found, f) for f in fields} == {
        f: getattr(wanted, f) for f in fields
    }
    used = {*found.emails, *found.phones, *found.withheld, found.name}
    used |= {found.first_name, found.last_name, found.country, found.external_id}
    assert {column for _, column in found.metadata} == set(headers) - used
