"""Headings and sentences of the finance workbook, in English and French."""

from collections.abc import Mapping
from types import MappingProxyType

_EN = {
    "totals": "Totals",
    "detail": "Detail",
    "pending": "Pending",
    "anomalies": "Anomalies",
    "title": "Payments {period}",
    "provisional": "PROVISIONAL: {reason}",
    "still_pending": "{count} payments are still pending",
    "not_over": "the month is not over",
    "final": "No payment is pending",
    "sandbox": "{count} sandbox payments are left out",
    "zone": "Days and months are those of {zone}; a payment belongs to the month of its creation",
    "unknown_fee": "Fees and net amounts add what is known: the fee of {fees} payments "
    "and the net amount of {nets} are unknown",
    "refunds": "Refunds are unknown unless the status says so: the API does not tell them",
    "cut": "The detail is cut after {count} rows; the CSV file holds all of them",
    "all": "Total",
    "none": "(none)",
    "currency": "Currency",
    "status_group": "Group",
    "status": "Status",
    "channel": "Channel",
    "payments": "Payments",
    "amount": "Amount",
    "fee": "Fee",
    "net_amount": "Net amount",
    "reference": "Reference",
    "merchant_reference": "Your reference",
    "customer_id": "Customer",
    "created": "Created",
    "completed": "Completed",
    "description": "Description",
    "rule": "Rule",
    "field": "Field",
    "message": "What is odd",
    "advice": "What to do",
}
_FR = {
    "totals": "Totaux",
    "detail": "Détail",
    "pending": "En attente",
    "anomalies": "Anomalies",
    "title": "Paiements {period}",
    "provisional": "PROVISOIRE : {reason}",
    "still_pending": "{count} paiements sont encore en attente",
    "not_over": "le mois n'est pas terminé",
    "final": "Aucun paiement n'est en attente",
    "sandbox": "{count} paiements de test sont laissés de côté",
    "zone": "Les jours et les mois sont ceux de {zone} ; un paiement appartient au mois "
    "de sa création",
    "unknown_fee": "Frais et nets additionnent ce qui est connu : les frais de {fees} "
    "paiements et le net de {nets} sont inconnus",
    "refunds": "Les remboursements sont inconnus sauf si le statut le dit : l'API ne les donne pas",
    "cut": "Le détail est coupé après {count} lignes ; le fichier CSV les contient toutes",
    "all": "Total",
    "none": "(aucun)",
    "currency": "Devise",
    "status_group": "Groupe",
    "status": "Statut",
    "channel": "Canal",
    "payments": "Paiements",
    "amount": "Montant",
    "fee": "Frais",
    "net_amount": "Net",
    "reference": "Référence",
    "merchant_reference": "Votre référence",
    "customer_id": "Client",
    "created": "Créé",
    "completed": "Terminé",
    "description": "Description",
    "rule": "Règle",
    "field": "Champ",
    "message": "Ce qui est étrange",
    "advice": "Que faire",
}


def wording(lang: str) -> Mapping[str, str]:
    """Return the texts in `lang`; what is not French is English."""
    return MappingProxyType(_FR if lang == "fr" else _EN)
