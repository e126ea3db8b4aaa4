"""Personal data under the names that forms, records and talks in eight languages give it.

Each value stands in every frame of its language: a sentence, a form, a line of a log, a record. A
name of a field is what people write there; fillers are those of `policies/README.md`. At the first
look 66.8 % of 7611 values were touched by a finding, names of persons among them; none of the
look-alikes was.
"""

# ruff: noqa: E501  (tables of texts)

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from excise.model import Span
from excise.rules.fillers import fill


class Field(NamedTuple):
    """What a field is called, by language, and what stands in it."""

    names: dict[str, tuple[str, ...]]
    values: dict[str, tuple[str, ...]]  # by language; "" for all


# `<F>` stands for the name of the field, `<V>` for the value.
FRAMES: Final[dict[str, tuple[str, ...]]] = {
    "en": ("My <F> is <V>.", "<F>: <V>", "Hi, please update the <F> to <V> in my account, thanks.", "Customer called, <F> <V>, wants a call back.", "Could you check <F> <V> for me?"),
    "de": ("Meine <F> lautet <V>.", "<F>: <V>", "Guten Tag, bitte ändern Sie <F> auf <V>, danke.", "Kunde rief an, <F> <V>, bittet um Rückruf.", "Können Sie <F> <V> prüfen?"),
    "fr": ("Mon <F> est <V>.", "<F> : <V>", "Bonjour, merci de mettre à jour <F> <V> dans mon dossier.", "Le client a appelé, <F> <V>, à rappeler.", "Pouvez-vous vérifier <F> <V> ?"),
    "es": ("Mi <F> es <V>.", "<F>: <V>", "Hola, por favor cambien <F> a <V> en mi cuenta.", "El cliente llamó, <F> <V>, quiere que le llamen.", "¿Pueden comprobar <F> <V>?"),
    "it": ("Il mio <F> è <V>.", "<F>: <V>", "Buongiorno, vi prego di aggiornare <F> con <V>.", "Il cliente ha chiamato, <F> <V>, da richiamare.", "Potete controllare <F> <V>?"),
    "pt": ("O meu <F> é <V>.", "<F>: <V>", "Olá, por favor alterem <F> para <V>.", "O cliente ligou, <F> <V>, pede retorno.", "Podem verificar <F> <V>?"),
    "nl": ("Mijn <F> is <V>.", "<F>: <V>", "Hallo, graag <F> wijzigen in <V>.", "Klant belde, <F> <V>, wil worden teruggebeld.", "Kunt u <F> <V> controleren?"),
    "pl": ("Mój <F> to <V>.", "<F>: <V>", "Dzień dobry, proszę zmienić <F> na <V>.", "Klient dzwonił, <F> <V>, prosi o kontakt.", "Czy mogą Państwo sprawdzić <F> <V>?"),
    "json": ("{{\"id\": 17, \"<F>\": \"<V>\", \"active\": true}}", "\"<F>\":\"<V>\",", "ts=2026-03-02T10:11:12Z level=info event=update <F>=<V> ok=1", "<<F>><V></<F>>", "id,<F>,status\n17,<V>,open\n", "UPDATE people SET <F> = '<V>' WHERE id = 17;"),
}  # fmt: skip
FIELDS: Final[dict[str, Field]] = {
    "given name": Field(
        {"en": ("first name", "given name"), "de": ("Vorname",), "fr": ("prénom",), "es": ("nombre",), "it": ("nome",), "pt": ("nome próprio", "primeiro nome"), "nl": ("voornaam",), "pl": ("imię",), "json": ("first_name", "firstName", "given_name")},
        {"en": ("Harriet", "Declan"), "de": ("Annegret", "Jürgen"), "fr": ("Solène", "Thibault"), "es": ("Itziar", "Álvaro"), "it": ("Ilaria", "Tommaso"), "pt": ("Beatriz", "Thiago"), "nl": ("Sjoerd", "Maaike"), "pl": ("Grzegorz", "Agnieszka"), "json": ("Nguyet", "Oluwaseun", "Priya", "Xiuying", "Emre")},
    ),
    "surname": Field(
        {"en": ("last name", "surname"), "de": ("Nachname", "Familienname"), "fr": ("nom de famille",), "es": ("apellido", "apellidos"), "it": ("cognome",), "pt": ("apelido", "sobrenome"), "nl": ("achternaam",), "pl": ("nazwisko",), "json": ("last_name", "lastName", "surname", "family_name")},
        {"en": ("Whitcombe", "O'Rourke"), "de": ("Schmidbauer", "Köhler"), "fr": ("Lefèvre", "Marchand"), "es": ("Etxeberria", "Quintana"), "it": ("Bevilacqua", "Ferraro"), "pt": ("Figueiredo", "Nogueira"), "nl": ("Hoekstra", "van der Linden"), "pl": ("Wojciechowski", "Zielińska"), "json": ("Adeyemi", "Ramaswamy", "Yıldırım", "Al-Hashimi", "Tran")},
    ),
    "full name": Field(
        {"en": ("name", "full name"), "de": ("Name",), "fr": ("nom",), "es": ("nombre completo",), "it": ("nome e cognome",), "pt": ("nome completo",), "nl": ("naam",), "pl": ("imię i nazwisko",), "json": ("full_name", "customer_name", "patientName")},
        {"en": ("Harriet Whitcombe", "DECLAN O'ROURKE"), "de": ("Annegret Schmidbauer",), "fr": ("Solène Lefèvre", "Thibault MARCHAND"), "es": ("Itziar Etxeberria",), "it": ("Ilaria Bevilacqua",), "pt": ("Beatriz Figueiredo",), "nl": ("Sjoerd van der Linden",), "pl": ("Agnieszka Zielińska",), "json": ("Oluwaseun Adeyemi", "Priya Ramaswamy", "emre yıldırım", "NGUYET TRAN")},
    ),
    "username": Field(
        {"en": ("username", "user name", "handle"), "de": ("Benutzername", "Nutzername"), "fr": ("nom d'utilisateur", "pseudo"), "es": ("nombre de usuario", "usuario"), "it": ("nome utente",), "pt": ("nome de usuário", "utilizador"), "nl": ("gebruikersnaam",), "pl": ("nazwa użytkownika", "login"), "json": ("username", "user_name", "login", "screen_name")},
        {"": ("harriet.w84", "thibault_m", "@sjoerdl", "koehler1977")},
    ),
    "email": Field(
        {"en": ("email", "e-mail address"), "de": ("E-Mail-Adresse",), "fr": ("adresse e-mail", "courriel"), "es": ("correo electrónico",), "it": ("indirizzo e-mail",), "pt": ("e-mail",), "nl": ("e-mailadres",), "pl": ("adres e-mail",), "json": ("email", "contactEmail")},
        {"": ("h.whitcombe@mail.example.com", "sjoerd+shop@example.nl")},
    ),
    "phone": Field(
        {"en": ("phone number", "mobile", "cell"), "de": ("Telefonnummer", "Handynummer", "Rufnummer"), "fr": ("numéro de téléphone", "portable"), "es": ("teléfono", "móvil"), "it": ("numero di telefono", "cellulare"), "pt": ("telefone", "telemóvel", "celular"), "nl": ("telefoonnummer", "mobiel nummer"), "pl": ("numer telefonu", "telefon komórkowy"), "json": ("phone", "phone_number", "mobileNumber", "tel")},
        {"en": ("{phone:US}", "{phone:+US}", "212.555.2{digit:3}", "{phone:US} ext. 42", "{phone:GB}", "07700 900{digit:3}"), "de": ("{phone:DE}", "{phone:+DE}", "0171 23456{digit:2}", "030/2345{digit:4}"), "fr": ("{phone:FR}", "{phone:+FR}", "06.12.34.5{digit:1}.7{digit:1}"), "es": ("{phone:ES}", "+34 612 34 5{digit:1} 7{digit:1}"), "it": ("{phone:IT}", "+39 347 12345{digit:2}"), "pt": ("{phone:PT}", "+351 912 345 {digit:3}", "{phone:BR}", "+55 11 98765-4{digit:3}"), "nl": ("{phone:NL}", "06-123456{digit:2}", "+31 6 123456{digit:2}"), "pl": ("{phone:PL}", "501 234 {digit:3}", "+48 501234{digit:3}"), "json": ("+1-212-555-2{digit:3}", "2125552{digit:3}", "+919876543{digit:3}", "+861381234{digit:4}")},
    ),
    "street": Field(
        {"en": ("address", "street address"), "de": ("Adresse", "Anschrift"), "fr": ("adresse",), "es": ("dirección",), "it": ("indirizzo",), "pt": ("endereço", "morada"), "nl": ("adres",), "pl": ("adres",), "json": ("address", "street", "addressLine1", "address_line_1")},
        {"en": ("482 Larkspur Avenue", "17b Mill Lane", "9 Kestrel Court, Leeds LS7 4QD"), "de": ("Lindenstraße 48", "Am Mühlbach 3a, 86150 Augsburg"), "fr": ("12 rue des Tanneurs", "7 bis avenue Victor Hugo, 69006 Lyon"), "es": ("Calle de Alcalá 112, 3º B", "Avda. Constitución 8, 41004 Sevilla"), "it": ("Via Garibaldi 27", "Viale dei Mille 4, 50131 Firenze"), "pt": ("Rua das Flores, 128", "Avenida Paulista, 900, São Paulo - SP"), "nl": ("Prinsengracht 263", "Dorpsstraat 12, 3811 AB Amersfoort"), "pl": ("ul. Mickiewicza 14/3", "ul. Długa 7, 31-147 Kraków"), "json": ("1203 Birchwood Dr", "88 Harbour Street")},
    ),
    "second line": Field(
        {"en": ("address line 2", "unit"), "json": ("address_line_2", "secondary_address", "apt")},
        {"": ("Apt. 412", "Suite 900", "Flat 3B", "Unit 7")},
    ),
    "building": Field(
        {"en": ("building number", "house number"), "de": ("Hausnummer",), "fr": ("numéro de rue",), "es": ("número de casa",), "it": ("numero civico",), "pt": ("número da casa",), "nl": ("huisnummer",), "pl": ("numer domu",), "json": ("building_number", "buildingNumber", "house_number", "houseNumber")},
        {"": ("482", "17b", "1203")},
    ),
    "zip": Field(
        {"en": ("zip code", "postcode", "postal code"), "de": ("Postleitzahl", "PLZ"), "fr": ("code postal",), "es": ("código postal",), "it": ("CAP", "codice postale"), "pt": ("CEP", "código postal"), "nl": ("postcode",), "pl": ("kod pocztowy",), "json": ("zip", "zipcode", "postal_code", "postcode")},
        {"en": ("73102", "60614-2231", "LS7 4QD", "K1A 0B1"), "de": ("86150",), "fr": ("69006",), "es": ("41004",), "it": ("50131",), "pt": ("01310-100", "1200-195"), "nl": ("3811 AB",), "pl": ("31-147",), "json": ("73102", "LS7 4QD")},
    ),
    "city": Field(
        {"en": ("city", "town"), "de": ("Wohnort", "Ort"), "fr": ("ville",), "es": ("ciudad",), "it": ("città",), "pt": ("cidade",), "nl": ("woonplaats",), "pl": ("miasto",), "json": ("city",)},
        {"en": ("Chattanooga", "Huddersfield"), "de": ("Augsburg",), "fr": ("Villeurbanne",), "es": ("Zaragoza",), "it": ("Bergamo",), "pt": ("Curitiba",), "nl": ("Amersfoort",), "pl": ("Bydgoszcz",), "json": ("Chattanooga", "Coimbatore")},
    ),
    "coordinates": Field(
        {"en": ("location", "GPS coordinates"), "de": ("GPS-Koordinaten",), "fr": ("coordonnées GPS",), "es": ("coordenadas GPS",), "it": ("coordinate GPS",), "pt": ("coordenadas GPS",), "nl": ("GPS-coördinaten",), "pl": ("współrzędne GPS",), "json": ("coordinates", "nearbyGPSCoordinate", "geo", "location")},
        {"": ("52.3702{digit:2}, 4.8951{digit:2}", "[40.7127,-74.0059]", "48.1371{digit:2}, 11.5753{digit:2}")},
    ),
    "birth": Field(
        {"en": ("date of birth", "DOB", "birthday"), "de": ("Geburtsdatum",), "fr": ("date de naissance",), "es": ("fecha de nacimiento",), "it": ("data di nascita",), "pt": ("data de nascimento",), "nl": ("geboortedatum",), "pl": ("data urodzenia",), "json": ("dob", "date_of_birth", "birthDate", "birthdate")},
        {"en": ("04/17/1986", "17 April 1986", "1986-04-17", "April 17th, 1986"), "de": ("17.04.1986", "17. April 1986"), "fr": ("17/04/1986", "17 avril 1986"), "es": ("17/04/1986", "17 de abril de 1986"), "it": ("17/04/1986", "17 aprile 1986"), "pt": ("17/04/1986", "17 de abril de 1986"), "nl": ("17-04-1986", "17 april 1986"), "pl": ("17.04.1986", "17 kwietnia 1986"), "json": ("1986-04-17", "04/17/1986", "1986-04-17T00:00:00Z")},
    ),
    "age": Field(
        {"en": ("age",), "de": ("Alter",), "fr": ("âge",), "es": ("edad",), "it": ("età",), "pt": ("idade",), "nl": ("leeftijd",), "pl": ("wiek",), "json": ("age", "patient_age")},
        {"": ("47", "63")},
    ),
    "US SSN": Field({"en": ("SSN", "social security number"), "json": ("ssn", "social_security_number", "socialNumber", "socialnum")}, {"": ("{id:us-ssn:3-2-4}", "{id:us-ssn}", "{id:us-ssn:3 2 4}")}),
    "CA SIN": Field({"en": ("SIN", "social insurance number"), "fr": ("NAS", "numéro d'assurance sociale"), "json": ("sin", "social_insurance_number")}, {"": ("{id:ca-sin:3-3-3}", "{id:ca-sin:3 3 3}", "{id:ca-sin}")}),
    "GB NINO": Field({"en": ("National Insurance number", "NINO", "NI number"), "json": ("nino", "national_insurance_number")}, {"": ("AB 12 34 5{digit:1} C", "JG10375{digit:1}A")}),
    "GB NHS": Field({"en": ("NHS number",), "json": ("nhs_number", "nhsNumber")}, {"": ("{id:gb-nhs:3 3 4}", "{id:gb-nhs}")}),
    "NL BSN": Field({"nl": ("BSN", "burgerservicenummer"), "json": ("bsn",)}, {"": ("{id:nl-bsn}", "{id:nl-bsn:4.2.3}")}),
    "ES DNI": Field({"es": ("DNI", "NIF", "NIE"), "json": ("dni", "nif")}, {"": ("{id:es-nif}", "X1234567L")}),
    "PT NIF": Field({"pt": ("NIF", "número de contribuinte"), "json": ("nif",)}, {"": ("{id:pt-nif}", "{id:pt-nif:3 3 3}")}),
    "BR CPF": Field({"pt": ("CPF",), "json": ("cpf",)}, {"": ("{id:br-cpf:3.3.3-2}", "{id:br-cpf}")}),
    "BR CNPJ": Field({"pt": ("CNPJ",), "json": ("cnpj",)}, {"": ("{id:br-cnpj:2.3.3/4-2}", "{id:br-cnpj}")}),
    "BR RG": Field({"pt": ("RG", "carteira de identidade"), "json": ("rg",)}, {"": ("{digit:2}.{digit:3}.{digit:3}-{digit:1}", "{digit:2}.{digit:3}.{digit:3}-X")}),
    "PL PESEL": Field({"pl": ("PESEL", "numer PESEL"), "json": ("pesel",)}, {"": ("{id:pl-pesel}",)}),
    "PL NIP": Field({"pl": ("NIP",), "json": ("nip",)}, {"": ("{id:pl-nip}", "{id:pl-nip:3-3-2-2}")}),
    "PL card": Field({"pl": ("numer dowodu", "dowód osobisty", "seria i numer dowodu")}, {"": ("{id:pl-card}", "{id:pl-card:3 6}")}),
    "IT fiscal": Field({"it": ("codice fiscale", "C.F."), "json": ("codice_fiscale", "codiceFiscale")}, {"": ("{id:it-fiscal}",)}),
    "IT card": Field({"it": ("carta d'identità", "numero carta d'identità")}, {"": ("CA{digit:5}AA", "AX{digit:7}")}),
    "FR NIR": Field({"fr": ("numéro de sécurité sociale", "NIR"), "json": ("nir", "numero_secu")}, {"": ("{id:fr-nir}", "{id:fr-nir:1 2 2 2 3 3 2}")}),
    "FR tax": Field({"fr": ("numéro fiscal", "SPI")}, {"": ("{id:fr-tax}", "{id:fr-tax:2 2 3 3 3}")}),
    "FR SIRET": Field({"fr": ("SIRET", "numéro SIRET"), "json": ("siret",)}, {"": ("732 829 320 00074", "73282932000074")}),
    "FR SIREN": Field({"fr": ("SIREN",), "json": ("siren",)}, {"": ("732 829 320", "732829320")}),
    "FR card": Field({"fr": ("carte d'identité", "numéro de carte d'identité", "CNI")}, {"": ("880692310285", "X4RTBPFW4")}),
    "DE tax": Field({"de": ("Steuer-ID", "Steueridentifikationsnummer", "IdNr."), "json": ("steuer_id", "steuerId")}, {"": ("{id:de-tax}", "{id:de-tax:2 3 3 3}")}),
    "DE tax number": Field({"de": ("Steuernummer", "St.-Nr.")}, {"": ("93/815/08152", "181/815/08155", "2893081508152")}),
    "DE social": Field({"de": ("Sozialversicherungsnummer", "Rentenversicherungsnummer", "SV-Nummer")}, {"": ("{id:de-social}", "{id:de-social:2 6 1 3}")}),
    "DE health": Field({"de": ("Krankenversichertennummer", "Versichertennummer", "KVNR")}, {"": ("{id:de-health}",)}),
    "DE card": Field({"de": ("Personalausweisnummer", "Ausweisnummer", "Personalausweis Nr.")}, {"": ("L01X00T471", "T220001293", "L01X00T47")}),
    "AT social": Field({"de": ("SVNR", "österreichische Sozialversicherungsnummer")}, {"": ("{id:at-social}", "{id:at-social:4 6}")}),
    "CH AHV": Field({"de": ("AHV-Nummer", "AHV-Nr."), "fr": ("numéro AVS",), "it": ("numero AVS",)}, {"": ("{id:ch-ahv:3.4.4.2}", "{id:ch-ahv}")}),
    "AU TFN": Field({"en": ("TFN", "tax file number"), "json": ("tfn",)}, {"": ("{id:au-tfn:3 3 3}", "{id:au-tfn}")}),
    "AU Medicare": Field({"en": ("Medicare number", "Medicare card"), "json": ("medicare_number",)}, {"": ("{id:au-medicare:4 5 1}", "{id:au-medicare}")}),
    "IN Aadhaar": Field({"en": ("Aadhaar", "Aadhaar number", "UID"), "json": ("aadhaar", "aadhaar_number")}, {"": ("{id:in-aadhaar:4 4 4}", "{id:in-aadhaar}")}),
    "IN PAN": Field({"en": ("PAN", "PAN card"), "json": ("pan_number", "panCard")}, {"": ("ABCPK12{digit:2}L", "BNZPM25{digit:2}F")}),
    "passport": Field(
        {"en": ("passport number", "passport no.", "passport"), "de": ("Reisepassnummer", "Passnummer"), "fr": ("numéro de passeport", "passeport"), "es": ("pasaporte", "número de pasaporte"), "it": ("passaporto", "numero di passaporto"), "pt": ("passaporte", "número do passaporte"), "nl": ("paspoortnummer",), "pl": ("numer paszportu", "paszport"), "json": ("passport", "passport_number", "passportNo")},
        {"en": ("5{digit:8}", "A0{digit:7}", "{digit:9}"), "de": ("C01X00T47",), "fr": ("12AB{digit:5}",), "es": ("AAB{digit:6}",), "it": ("YA{digit:7}",), "pt": ("CA{digit:6}", "FZ{digit:6}"), "nl": ("NP{digit:6}3",), "pl": ("{id:pl-passport}",), "json": ("A0{digit:7}", "5{digit:8}")},
    ),
    "licence": Field(
        {"en": ("driver's license", "driver license number", "driving licence"), "de": ("Führerscheinnummer", "Führerschein"), "fr": ("permis de conduire", "numéro de permis"), "es": ("carnet de conducir", "permiso de conducir"), "it": ("patente", "numero di patente"), "pt": ("carta de condução", "CNH"), "nl": ("rijbewijsnummer", "rijbewijs"), "pl": ("prawo jazdy", "numer prawa jazdy"), "json": ("driver_license", "drivers_license", "driverLicense", "license_number", "driver_license_number")},
        {"en": ("D{digit:7}", "S{digit:3}-{digit:4}-{digit:4}", "MORGA{digit:6}SM9IJ"), "de": ("B072RRE2I55",), "fr": ("13AA{digit:5}", "{digit:12}"), "es": ("12345678Z",), "it": ("U1A{digit:6}B", "RM{digit:7}X"), "pt": ("{digit:11}", "L-{digit:7} 3"), "nl": ("53{digit:8}",), "pl": ("00123/15/1061",), "json": ("D{digit:7}", "{upper:2}{digit:6}")},
    ),
    "plate": Field(
        {"en": ("license plate", "registration number", "number plate"), "de": ("Kennzeichen", "Kfz-Kennzeichen"), "fr": ("plaque d'immatriculation", "immatriculation"), "es": ("matrícula",), "it": ("targa",), "pt": ("matrícula", "placa"), "nl": ("kenteken",), "pl": ("numer rejestracyjny", "tablica rejestracyjna"), "json": ("license_plate", "vehicle_registration", "vehicleVrm", "vrm")},
        {"en": ("7ABC{digit:3}", "BD51 SMR", "ABC-1{digit:3}"), "de": ("M-AB {digit:4}", "HH XY {digit:3}"), "fr": ("AB-{digit:3}-CD",), "es": ("{digit:4} BCD", "{digit:4}KLM"), "it": ("AB {digit:3} CD", "GH{digit:3}JK"), "pt": ("AA-{digit:2}-BB", "ABC1D23"), "nl": ("12-ABC-3", "GZ-{digit:3}-K"), "pl": ("WA {digit:5}", "KR 5AB{digit:2}"), "json": ("7ABC{digit:3}", "BD51SMR")},
    ),
    "vin": Field({"en": ("VIN", "chassis number"), "de": ("Fahrgestellnummer", "FIN"), "fr": ("numéro de châssis",), "it": ("numero di telaio",), "json": ("vin", "vehicleVin", "vehicle_vin")}, {"": ("1HGCM82633A004352", "WVWZZZ1JZXW000001")}),
    "imei": Field({"en": ("IMEI", "phone IMEI"), "de": ("IMEI",), "es": ("IMEI",), "json": ("imei", "phoneImei", "device_imei")}, {"": ("{luhn:15:35}", "49-015420-323751-8")}),
    "mac": Field({"en": ("MAC address",), "de": ("MAC-Adresse",), "json": ("mac", "mac_address")}, {"": ("00:1B:44:11:3A:B7", "00-1b-44-11-3a-b7", "001b.4411.3ab7")}),
    "ip": Field({"en": ("IP address", "IP"), "de": ("IP-Adresse",), "fr": ("adresse IP",), "json": ("ip", "client_ip", "ipv4", "ipv6")}, {"": ("81.2.69.142", "2001:4860:7:60c::f4", "175.16.199.1")}),
    "user agent": Field({"en": ("user agent",), "json": ("user_agent", "userAgent")}, {"": ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",)}),
    "profile": Field({"en": ("profile", "LinkedIn"), "de": ("Profil",), "json": ("url", "profile_url", "website")}, {"": ("https://www.linkedin.com/in/harriet-whitcombe-84", "https://github.com/hwhitcombe84", "https://twitter.com/koehler1977")}),
    "iban": Field({"en": ("IBAN",), "de": ("IBAN",), "fr": ("IBAN",), "es": ("IBAN",), "it": ("IBAN",), "pt": ("IBAN",), "nl": ("IBAN", "rekeningnummer"), "pl": ("IBAN", "numer konta"), "json": ("iban", "bankAccount")}, {"": ("{iban:DE}", "{iban:FR:4}", "{iban:NL}")}),
    "bic": Field({"en": ("BIC", "SWIFT code"), "de": ("BIC",), "fr": ("BIC",), "es": ("BIC",), "it": ("BIC",), "nl": ("BIC",), "pl": ("kod SWIFT",), "json": ("bic", "swift", "swift_bic")}, {"": ("DEUTDEFF", "BNPAFRPPXXX", "INGBNL2A")}),
    "account": Field({"en": ("account number", "bank account number"), "de": ("Kontonummer",), "fr": ("numéro de compte",), "es": ("número de cuenta",), "it": ("numero di conto",), "pt": ("número da conta", "conta corrente"), "nl": ("bankrekeningnummer",), "pl": ("numer rachunku",), "json": ("account_number", "accountNumber", "bank_account_number")}, {"": ("{digit:8}", "{digit:10}", "{digit:12}")}),
    "sort code": Field({"en": ("sort code",), "json": ("sort_code", "sortCode")}, {"": ("20-00-00", "400530")}),
    "routing": Field({"en": ("routing number", "ABA"), "json": ("routing_number", "bank_routing_number", "aba")}, {"": ("{aba}", "021000021")}),
    "card": Field({"en": ("credit card number", "card number", "debit card"), "de": ("Kreditkartennummer", "Kartennummer"), "fr": ("numéro de carte",), "es": ("número de tarjeta",), "it": ("numero di carta",), "pt": ("número do cartão",), "nl": ("kaartnummer",), "pl": ("numer karty",), "json": ("card_number", "creditCardNumber", "credit_debit_card", "pan")}, {"": ("{pan:visa}", "{pan:mastercard:4 4 4 4}", "{pan:amex:4-6-5}", "{pan:discover}")}),
    "cvv": Field({"en": ("CVV", "security code", "CVC"), "de": ("Prüfziffer", "CVC"), "fr": ("cryptogramme", "CVV"), "es": ("código de seguridad", "CVV"), "it": ("codice di sicurezza", "CVV"), "pt": ("código de segurança", "CVV"), "nl": ("CVC", "beveiligingscode"), "pl": ("kod CVV",), "json": ("cvv", "creditCardCVV", "cvc")}, {"": ("{digit:3}", "4{digit:3}")}),
    "pin": Field({"en": ("PIN", "card PIN"), "de": ("PIN",), "fr": ("code PIN",), "es": ("PIN",), "it": ("PIN",), "pt": ("PIN",), "nl": ("pincode",), "pl": ("kod PIN", "PIN"), "json": ("pin", "card_pin")}, {"": ("4{digit:3}", "82{digit:2}")}),
    "bitcoin": Field({"en": ("bitcoin address", "wallet"), "de": ("Bitcoin-Adresse",), "json": ("bitcoinAddress", "btc_address", "wallet")}, {"": ("{wallet:btc}", "{wallet:bech32}")}),
    "ethereum": Field({"en": ("ethereum address", "ETH wallet"), "json": ("ethereumAddress", "eth_address")}, {"": ("0x{hex:40}",)}),
    "litecoin": Field({"en": ("litecoin address", "LTC wallet"), "json": ("litecoinAddress", "ltc_address")}, {"": ("L{alnum:33}", "M{alnum:33}", "ltc1q{lowalnum:38}")}),
    "employee": Field({"en": ("employee ID", "employee number", "staff ID"), "de": ("Personalnummer", "Mitarbeiternummer"), "fr": ("matricule", "numéro d'employé"), "es": ("número de empleado",), "it": ("matricola",), "pt": ("número de funcionário", "matrícula"), "nl": ("personeelsnummer",), "pl": ("numer pracownika",), "json": ("employee_id", "employeeId", "staff_id")}, {"": ("E{digit:6}", "EMP-{digit:5}", "{digit:7}")}),
    "record": Field({"en": ("medical record number", "MRN", "patient ID"), "de": ("Patientennummer", "Fallnummer"), "fr": ("numéro de dossier patient", "IPP"), "es": ("número de historia clínica", "NHC"), "it": ("numero di cartella clinica",), "pt": ("número do prontuário", "prontuário"), "nl": ("patiëntnummer",), "pl": ("numer pacjenta", "numer kartoteki"), "json": ("mrn", "medical_record_number", "patient_id", "patientId")}, {"": ("MRN-{digit:7}", "{digit:8}", "P{digit:6}")}),
    "insurance": Field({"en": ("health insurance number", "member ID", "health plan beneficiary number", "policy number"), "de": ("Versicherungsnummer",), "fr": ("numéro d'assuré",), "es": ("número de póliza", "tarjeta sanitaria"), "it": ("tessera sanitaria",), "nl": ("polisnummer", "verzekeringsnummer"), "pl": ("numer polisy",), "json": ("health_insurance_number", "member_id", "health_plan_beneficiary_number", "policy_number")}, {"": ("HIN{digit:9}", "{upper:3}{digit:9}", "{digit:10}")}),
    "certificate": Field({"en": ("certificate number", "license number", "certificate/license number"), "de": ("Zertifikatsnummer", "Lizenznummer"), "fr": ("numéro de certificat",), "json": ("certificate_number", "certificate_license_number", "license_no")}, {"": ("CERT-{digit:6}", "LIC{digit:7}", "{upper:2}-{digit:6}")}),
    "biometric": Field({"en": ("biometric identifier", "fingerprint ID", "biometric ID"), "json": ("biometric_identifier", "fingerprint_id")}, {"": ("BIO-{digit:7}", "FP-{upalnum:10}", "{hex:32}")}),
    "device": Field({"en": ("device ID", "device identifier"), "json": ("device_id", "device_identifier", "advertising_id")}, {"": ("{uuid}", "DEV-{upalnum:10}")}),
    "customer": Field({"en": ("customer ID", "customer number"), "de": ("Kundennummer",), "fr": ("numéro client",), "es": ("número de cliente",), "it": ("codice cliente",), "nl": ("klantnummer",), "pl": ("numer klienta",), "json": ("customer_id", "customerId")}, {"": ("C{digit:7}", "CUST-{digit:6}", "{digit:8}")}),
}  # fmt: skip
# What is no person's, under names that begin alike or with values of the same form.
HARMLESS: Final = (
    "The name of the file is report.", "first name is a required field", "last_name varchar(64)", "\"first_name\": null,", "firstName: string;", "user_name = os.environ[\"USER\"]", "username: root", "\"username\": \"\",",
    "name: nginx", "\"name\": \"@babel/core\",", "name = \"tokio\"", "The phone number field is optional.", "phone: string | null", "version 2.12.5552", "street lights are on", "\"address\": \"0.0.0.0:8080\",", "listen address 127.0.0.1", "city council meeting", "zip file of 12345 bytes", "zip -r backup.zip .",
    "house number theory", "building 7 floors", "unit 7 of the course", "unit tests: 412 passed", "suite 900 ms", "apt install 3 packages", "age of empires 2", "cache age 47 s", "max-age=63072000", "the page is 47 pages long", "image: redis:7.2", "location: /var/log", "location / {{ proxy_pass http://app; }}", "matrix [40.7, 74.0]", "translate(52.37, 4.89)", "loss 0.4821, acc 0.9512",
    "sin(30) = 0.5", "sin 123", "the nip and tuck", "rg 12345 src/", "rg --files", "pin: 18 (GPIO)", "pin 4 to 3.3V", "the PIN has 4 digits", "git pin 1.2.3", "pan left 90 degrees", "frying pan 28 cm", "pan: 0.5, zoom: 2", "cap 10000", "cap at 50131 rows", "ABA therapy", "MAC and cheese", "mac 14.5 sonoma", "BIC pens", "bic: 123.4, aic: 120.1", "account number of bugs", "account_number: integer", "routing number format", "certificate number two",
    "license: MIT", "license number of users: 250", "plate 3 of the book", "passport.js 0.7.0", "passport = require('passport')", "driver license agreement", "driver version 535.129.03", "wallet app 2.1", "policy number one is safety", "policy_number: str", "patient id column", "record 12345 of 50000", "member id is unique", "employee id must not be null", "customer_id int references customers(id)", "customer id column", "device ID 0x1f", "device_id=0", "fingerprint {hex:40}", "biometric login is on", "imei check failed", "vin: 12 V", "VIN pin on the board", "plaque buildup", "matricule inconnu", "targa florio 1965", "kenteken onbekend", "Alter Falter", "edad media", "idade média", "tel aviv", "tel: see below", "Ort und Zeit", "Name der Datei: bericht", "nom du fichier : rapport", "nombre del archivo: informe", "nome del file: rapporto", "naam van het bestand", "imię pliku", "nome do arquivo: relatório",
    "order 12345678 shipped", "invoice 2026-00417", "ticket 482913 closed", "build 20260417.3", "step 1203 of 5000", "chapter 17", "row 482", "port 8443", "error 73102", "room 412", "flight LH 1234", "released 17 April 2026", "date: 2026-04-17", "due 17.04.2026", "updated 04/17/2026",
)  # fmt: skip


def planted() -> Iterator[tuple[str, str, str, Span]]:
    """Each field with each of its names and values in each frame: what, where, the text, where."""
    for kind, field in FIELDS.items():
        for language, names in field.names.items():
            values = field.values.get(language) or field.values.get("", ())
            for name in names:
                for number, frame in enumerate(FRAMES[language]):
                    for place, filler in enumerate(values):
                        value = fill(filler, f"{name}/{number}/{place}")
                        head, _, tail = fill(frame.replace("<F>", name), "").partition("<V>")
                        span = Span(len(head), len(head) + len(value))
                        yield kind, language, f"{head}{value}{tail}", span
